#include "sandbox/job_stream.h"

#include "os/seqpacket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace proa::sandbox {
namespace {

class JobStreamTest : public testing::Test {
 protected:
  JobStreamTest() : file_(::memfd_create("product", MFD_CLOEXEC)) {
    auto product = std::move(os::stream_pair().value());
    auto words = std::move(os::stream_pair().value());
    stream_.product = std::move(product.first);
    stream_.words = std::move(words.first);
    stream_.product_file = file_.get();
    product_ = std::move(product.second);
    words_ = std::move(words.second);
  }
  /// A program that gets input, which the test reads.
  void give(const std::string& text) {
    input_.reset(::memfd_create("input", MFD_CLOEXEC));
    EXPECT_EQ(::pwrite(input_.get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    auto pair = std::move(os::stream_pair().value());
    stream_.to_program = std::move(pair.first);
    stream_.input_file = input_.get();
    program_ = std::move(pair.second);
  }
  static void write(const os::UniqueFd& end, const std::string& text) {
    EXPECT_EQ(::write(end.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  Result<std::string> take(Bytes most, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    return move_bytes(std::move(stream_), most, std::chrono::steady_clock::now() + limit);
  }
  std::string content() const {
    std::string text(static_cast<std::size_t>(::lseek(file_.get(), 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(file_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

  os::UniqueFd file_;
  JobStream stream_;
  os::UniqueFd product_;
  os::UniqueFd words_;
  os::UniqueFd input_;
  os::UniqueFd program_;
};

TEST_F(JobStreamTest, TheBytesGoToTheFileAndTheWordsToTheCaller) {
  const std::string large(1'000'000, 'x');
  std::thread program([&] {
    write(words_, "one ");
    for (std::size_t at = 0; at < large.size(); at += 10'000)
      write(product_, large.substr(at, 10'000));
    product_.reset();
    write(words_, "two");
    words_.reset();
  });
  const auto words = take(Bytes(2'000'000));
  program.join();
  ASSERT_TRUE(words) << words.error().message();
  EXPECT_EQ(words.value(), "one two");
  EXPECT_EQ(content(), large);
}

TEST_F(JobStreamTest, TheInputIsGivenToItsEnd) {
  const std::string large(1'000'000, 'y');
  give(large);
  std::string got;
  std::thread program([&] {
    std::array<char, 4096> piece{};
    for (;;) {
      const ssize_t count = ::read(program_.get(), piece.data(), piece.size());
      if (count <= 0) break;
      got.append(piece.data(), static_cast<std::size_t>(count));
    }
    product_.reset();
    words_.reset();
  });
  const auto words = take(Bytes(10));
  program.join();
  ASSERT_TRUE(words) << words.error().message();
  EXPECT_EQ(got, large);
}

TEST_F(JobStreamTest, AProgramThatReadsNothingOfItsInputIsNoError) {
  give(std::string(1'000'000, 'y'));
  program_.reset();
  write(product_, "made");
  product_.reset();
  words_.reset();
  const auto words = take(Bytes(10));
  ASSERT_TRUE(words) << words.error().message();
  EXPECT_EQ(content(), "made");
}

TEST_F(JobStreamTest, OfManyWordsTheLastAreKept) {
  write(words_, std::string(5'000, 'a') + "the end");
  words_.reset();
  product_.reset();
  const auto words = take(Bytes(10));
  ASSERT_TRUE(words);
  EXPECT_EQ(words.value().size(), 2048U);
  EXPECT_TRUE(words.value().ends_with("the end"));
}

TEST_F(JobStreamTest, AProductBeyondTheLimitIsRefused) {
  write(product_, "12345");
  const auto words = take(Bytes(4));
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().code(), Errc::too_large);
}

TEST_F(JobStreamTest, AFullDiskIsSaidSo) {
  const os::UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  stream_.product_file = full.get();
  write(product_, "12345");
  const auto words = take(Bytes(10));
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().code(), Errc::exhausted);
  EXPECT_EQ(words.error().message(), "write what a program has made: No space left on device");
}

TEST_F(JobStreamTest, AProgramThatNeverEndsIsGivenUp) {
  write(product_, "12345");
  const auto words = take(Bytes(10), std::chrono::milliseconds(50));
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().code(), Errc::deadline);
}

TEST_F(JobStreamTest, ItIsStoppedByADescriptor) {
  const os::UniqueFd stopped(::eventfd(0, EFD_CLOEXEC));
  stream_.stopped = stopped.get();
  std::thread stopper([&] { ::eventfd_write(stopped.get(), 1); });
  const auto words = take(Bytes(10));  // what would write goes on
  stopper.join();
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().code(), Errc::cancelled);
}

}  // namespace
}  // namespace proa::sandbox
