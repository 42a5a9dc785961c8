#include "launcher/kernel_check.h"

#include "launcher/guest_files.h"
#include "os/file.h"
#include "unit/launcher/signed_kernel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace proa::launcher {
namespace {

using std::chrono::nanoseconds;

class KernelCheckTest : public ::testing::Test {
 protected:
  KernelCheckTest() { test::put_signed_kernel(folder_, "kernels", 'a', "kernel", key_); }
  std::string file(const std::string& name, char letter = 'a') const {
    return "kernels/" + std::string(kKernelIdSize, letter) + "/" + name;
  }
  static KernelId id(char letter = 'a') {
    KernelId id;
    id.fill(letter);
    return id;
  }
  GuestFiles files(char letter = 'a') const {
    StartGuest request;
    request.kernel = id(letter);
    const auto kernels = os::open_file(folder_.path() / "kernels", O_PATH | O_DIRECTORY).value();
    return std::move(open_guest_files(request, kernels.get(), -1)).value();
  }
  std::string said_of(KernelCheck& check, char letter = 'a') const {
    const auto checked = check.check(id(letter), files(letter));
    return checked ? "right" : checked.error().message();
  }

  test::OwnFolder folder_{"/var/tmp"};
  Ed25519Key key_ = Ed25519Key::make().value();
  KernelCheck check_{key_.public_half(), nanoseconds(0)};
};

TEST_F(KernelCheckTest, WhatTheHostHasSignedBoots) { EXPECT_EQ(said_of(check_), "right"); }

TEST_F(KernelCheckTest, AByteOfAnyFileThatDiffersIsRefusedAndTheKernelNamed) {
  const std::string refusal = "guest kernel " + std::string(32, 'a') +
                              " is not what this host has signed, and does not boot: proa kernel "
                              "verify " +
                              std::string(32, 'a') + " says what differs";
  for (const char* name : {"kernel", "initrd", "manifest.json", "signature"}) {
    const std::string text = os::read_file(folder_.path() / file(name)).value();
    std::string other = text;
    other.back() = static_cast<char>(other.back() ^ 1);
    folder_.put(file(name), other);
    EXPECT_EQ(said_of(check_), refusal) << name;
    folder_.put(file(name), text);
    EXPECT_EQ(said_of(check_), "right") << name;
  }
  folder_.put(file("signature"), "");
  EXPECT_EQ(said_of(check_), refusal);
}

TEST_F(KernelCheckTest, ASignatureHoldsForOneIdAndOneKey) {
  std::filesystem::copy(folder_.path() / file("", 'a'), folder_.path() / file("", 'b'));
  EXPECT_NE(said_of(check_, 'b'), "right") << "another kernel's files under its id";
  KernelCheck other(Ed25519Key::make().value().public_half());
  EXPECT_NE(said_of(other), "right");
  KernelCheck none(std::nullopt);
  EXPECT_NE(said_of(none), "right") << "without a key nothing is signed";
}

TEST_F(KernelCheckTest, FilesThatHaveNotChangedAreNotReadAgain) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(said_of(check_), "right");
  EXPECT_EQ(check_.hashed(), 1U);
  // With its time of writing set back, as whoever has something to hide would do.
  const auto written = std::filesystem::last_write_time(folder_.path() / file("kernel"));
  folder_.put(file("kernel"), "KERNEL");
  std::filesystem::last_write_time(folder_.path() / file("kernel"), written);
  EXPECT_NE(said_of(check_), "right");
  EXPECT_NE(said_of(check_), "right") << "what was refused is not known as right";
  EXPECT_EQ(check_.hashed(), 3U);
}

TEST_F(KernelCheckTest, WhatHasJustChangedMayChangeOnceMoreInTheSameTick) {
  KernelCheck check(key_.public_half(), std::chrono::hours(1));
  EXPECT_EQ(said_of(check), "right");
  EXPECT_EQ(said_of(check), "right");
  EXPECT_EQ(check.hashed(), 2U);
}

}  // namespace
}  // namespace proa::launcher
