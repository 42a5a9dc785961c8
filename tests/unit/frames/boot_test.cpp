// What of a guest's start can be tried on a host: the rest is booted
// (tests/compat/test_kernels.py).
#include "frames/init/boot.h"

#include "unit/frames/apart.h"
#include "unit/frames/init_program.h"

#include <gtest/gtest.h>

namespace proa::frames::init {
namespace {

class BootTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto obstacle = InitProgram::obstacle()) GTEST_SKIP() << *obstacle;
  }
};

TEST_F(BootTest, AKernelWithoutAListOfModulesNeedsNone) {
  ASSERT_NE(::access("/modules/list", F_OK), 0) << "this host has one";
  EXPECT_EQ(load_modules(), nullptr);
}

TEST_F(BootTest, SystemFoldersAreMountedWhereTheyAreMissing) {
  char folder[] = "/tmp/proa-boot-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  EXPECT_EQ(apart(CLONE_NEWNS | CLONE_NEWPID,
                  [&folder] {
                    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 1;
                    const int is_root = ::chroot(folder) + ::chdir("/");
                    const char* failed = is_root == 0 ? mount_system() : "chroot";
                    if (failed != nullptr && std::string_view(failed) != "/dev/console") return 3;
                    if (::access("/proc/self/status", R_OK) != 0) return 4;
                    return ::access("/sys/class", R_OK) == 0 ? 0 : 5;
                  }),
            0);
  for (const char* made : {"/dev", "/proc", "/sys", ""}) {
    EXPECT_EQ(::rmdir((std::string(folder) + made).c_str()), 0) << made << " has something left";
  }
}

}  // namespace
}  // namespace proa::frames::init
