#include "launcher/guest_files.h"

#include "os/file.h"
#include "unit/launcher/own_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace proa::launcher {
namespace {

class GuestFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put_kernel('a');
    put_image('1', "root");
    put_image('2', "code");
    put_image('3', "layers");
    request_.kernel.fill('a');
  }
  void put_kernel(char letter) const {
    const std::string folder = "kernels/" + std::string(kKernelIdSize, letter) + "/";
    folder_.put(folder + "kernel", "kernel");
    folder_.put(folder + "initrd", "initrd");
    folder_.put(folder + "manifest.json", "manifest");
    folder_.put(folder + "signature", "signature");
  }
  std::filesystem::path image(char letter) const {
    return folder_.path() / "images" / (std::string(kTreeIdSize, letter) + ".erofs");
  }
  void put_image(char letter, const std::string& text) const {
    folder_.put("images/" + image(letter).filename().string(), text);
    ::chmod(image(letter).c_str(), 0644);
  }
  Result<GuestFiles> open() const {
    const auto kernels = os::open_file(folder_.path() / "kernels", O_PATH | O_DIRECTORY);
    const auto images = os::open_file(folder_.path() / "images", O_PATH | O_DIRECTORY);
    return open_guest_files(request_, kernels.value().get(), images.value().get());
  }
  static std::string text_of(const os::UniqueFd& file) {
    return file ? os::read_all(file.get()).value() : "none";
  }

  test::OwnFolder folder_{"/var/tmp"};
  StartGuest request_;
};

TEST_F(GuestFilesTest, AreThoseThatTheRequestNamesAndNoOthers) {
  const auto bare = open();
  ASSERT_TRUE(bare) << bare.error().message();
  EXPECT_EQ(text_of(bare.value().kernel), "kernel");
  EXPECT_EQ(text_of(bare.value().initrd), "initrd");
  EXPECT_EQ(text_of(bare.value().manifest), "manifest");
  EXPECT_EQ(text_of(bare.value().signature), "signature");
  EXPECT_FALSE(bare.value().root || bare.value().code || bare.value().layers);
  request_.has_root = 1;
  request_.root.fill('1');
  request_.has_layers = 1;
  request_.layers.fill('3');
  request_.code.fill('2');
  const auto files = open();
  ASSERT_TRUE(files) << files.error().message();
  EXPECT_EQ(text_of(files.value().root), "root");
  EXPECT_EQ(text_of(files.value().code), "none");
  EXPECT_EQ(text_of(files.value().layers), "layers");
  EXPECT_EQ(::fcntl(files.value().root.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST_F(GuestFilesTest, WhatIsMissingIsNamed) {
  request_.has_root = 1;
  request_.root.fill('4');
  const auto no_image = open();
  ASSERT_FALSE(no_image);
  EXPECT_EQ(no_image.error().code(), Errc::not_found);
  EXPECT_NE(no_image.error().message().find("root image of a guest"), std::string::npos);
  EXPECT_NE(no_image.error().message().find("4444.erofs"), std::string::npos);
  request_.kernel.fill('b');
  const auto no_kernel = open();
  ASSERT_FALSE(no_kernel);
  EXPECT_EQ(no_kernel.error().code(), Errc::not_found);
  EXPECT_NE(no_kernel.error().message().find("guest kernel bbbb"), std::string::npos);
}

TEST_F(GuestFilesTest, AKernelWithoutASignatureSaysHowItGetsOne) {
  const std::string id(kKernelIdSize, 'a');
  ::unlink((folder_.path() / "kernels" / id / "signature").c_str());
  const auto unsigned_one = open();
  ASSERT_FALSE(unsigned_one);
  EXPECT_EQ(unsigned_one.error().code(), Errc::corrupt);
  EXPECT_EQ(unsigned_one.error().message(),
            "guest kernel " + id + " is not signed by this host: proa kernel sign " + id);
}

TEST_F(GuestFilesTest, WhatIsNoFileThatEverybodyMayReadIsRefused) {
  request_.has_root = 1;
  request_.root.fill('5');
  const auto refusal = [&] {
    const auto files = open();
    return files ? Errc::internal : files.error().code();
  };
  put_image('5', "x");
  ASSERT_TRUE(open());
  ::chmod(image('5').c_str(), 0640);
  EXPECT_EQ(refusal(), Errc::corrupt);
  ::unlink(image('5').c_str());
  ASSERT_EQ(::mkfifo(image('5').c_str(), 0644), 0);
  EXPECT_EQ(refusal(), Errc::corrupt) << "and nobody waits for its other end";
  ::unlink(image('5').c_str());
  ASSERT_EQ(::symlink(image('1').c_str(), image('5').c_str()), 0);
  EXPECT_NE(refusal(), Errc::internal) << "followed a link";
}

class MemoryFileTest : public ::testing::Test {
 protected:
  MemoryFileTest() { request_.memory_mib = 1; }
  static os::UniqueFd file_of(off_t size, int seals) {
    os::UniqueFd file(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(::ftruncate(file.get(), size), 0);
    EXPECT_EQ(::fcntl(file.get(), F_ADD_SEALS, seals), 0);
    return file;
  }
  std::string refusal(const os::UniqueFd& file, GuestMemory memory) {
    request_.memory = memory;
    const auto checked = check_memory_file(file.get(), request_);
    return checked ? "none" : checked.error().message();
  }

  test::OwnFolder folder_{"/tmp"};
  static constexpr off_t kMib = 1 << 20;
  static constexpr int kSize = F_SEAL_SHRINK | F_SEAL_GROW;
  StartGuest request_;
};

TEST_F(MemoryFileTest, ATemplatesMayBeWrittenAndACopysMayNot) {
  const auto open = file_of(kMib, kSize);
  EXPECT_EQ(refusal(open, GuestMemory::written), "none");
  EXPECT_EQ(refusal(open, GuestMemory::copied), "a guest's memory file is not sealed");
  const auto closed = file_of(kMib, kSize | F_SEAL_WRITE | F_SEAL_SEAL);
  EXPECT_EQ(refusal(closed, GuestMemory::copied), "none");
}

TEST_F(MemoryFileTest, WhatIsNoneIsRefused) {
  EXPECT_EQ(refusal(file_of(kMib, 0), GuestMemory::written), "a guest's memory file is not sealed");
  EXPECT_EQ(refusal(file_of(2 * kMib, kSize), GuestMemory::written),
            "a guest's memory file has another size than its memory");
  folder_.put("file", "x");
  auto plain = os::open_file(folder_.path() / "file", O_RDWR);
  ASSERT_TRUE(plain);
  EXPECT_EQ(refusal(plain.value(), GuestMemory::written), "a guest's memory file is no memfd");
}

}  // namespace
}  // namespace proa::launcher
