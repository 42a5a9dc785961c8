#include "sandbox/microvm/memory_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace proa::sandbox {
namespace {

std::string read_at(int file, off_t offset, std::size_t size) {
  std::string bytes(size, '?');
  EXPECT_EQ(::pread(file, bytes.data(), size, offset), static_cast<ssize_t>(size));
  return bytes;
}

TEST(MemoryFile, HasItsSizeForGood) {
  const auto file = make_memory_file(2);
  ASSERT_TRUE(file);
  EXPECT_EQ(::lseek(file.value().get(), 0, SEEK_END), 2 << 20);
  EXPECT_NE(::ftruncate(file.value().get(), 1), 0);
  EXPECT_EQ(::pwrite(file.value().get(), "x", 1, 5), 1);
}

TEST(MemoryFile, ItsCopyIsTheSameAndNobodyCanChangeIt) {
  const auto file = make_memory_file(8);
  ASSERT_TRUE(file);
  const std::string some(100'000, 's');
  ASSERT_EQ(::pwrite(file.value().get(), some.data(), some.size(), 1'000'000), 100'000);
  ASSERT_EQ(::pwrite(file.value().get(), "end", 3, (8 << 20) - 3), 3);
  const auto copy = seal_copy(file.value().get());
  ASSERT_TRUE(copy) << copy.error().message();
  const int fd = copy.value().get();
  EXPECT_EQ(::lseek(fd, 0, SEEK_END), 8 << 20);
  EXPECT_EQ(read_at(fd, 1'000'000, some.size()), some);
  EXPECT_EQ(read_at(fd, (8 << 20) - 3, 3), "end");
  EXPECT_EQ(read_at(fd, 0, 4), std::string(4, '\0'));
  EXPECT_EQ(::pwrite(fd, "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
  void* own = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  ASSERT_NE(own, MAP_FAILED);
  *static_cast<char*>(own) = 'x';
  ::munmap(own, 4096);
  EXPECT_EQ(read_at(fd, 0, 1), std::string(1, '\0')) << "a private page reached the file";
}

TEST(MemoryFile, PagesOfZerosTakeNoMemoryInACopy) {
  const auto file = make_memory_file(8);
  ASSERT_TRUE(file);
  const std::string zeros(4 << 20, '\0');
  ASSERT_EQ(::pwrite(file.value().get(), zeros.data(), zeros.size(), 0), 4 << 20);
  ASSERT_EQ(::pwrite(file.value().get(), "x", 1, 1 << 20), 1);
  EXPECT_GE(memory_of(file.value().get()).value(), Bytes::mib(4));
  const auto copy = seal_copy(file.value().get());
  ASSERT_TRUE(copy);
  EXPECT_LE(memory_of(copy.value().get()).value(), Bytes::kib(64));
}

TEST(StateFile, IsReadFromItsBeginningByEachReader) {
  const auto first = make_state_file("state");
  const auto second = make_state_file("state");
  ASSERT_TRUE(first && second);
  for (const auto* file : {&first, &second}) {
    std::string bytes(5, '?');
    EXPECT_EQ(::read(file->value().get(), bytes.data(), 5), 5);
    EXPECT_EQ(bytes, "state");
    EXPECT_EQ(read_state_file(file->value().get()).value(), "state");
  }
}

}  // namespace
}  // namespace proa::sandbox
