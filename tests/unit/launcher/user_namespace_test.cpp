#include "launcher/user_namespace.h"

#include "launcher/rootfs.h"
#include "os/file.h"
#include "unit/launcher/own_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace proa::launcher {
namespace {

// By system call: libc's versions signal threads, which is no use in a forked child.
long become(unsigned uid, unsigned gid) {
  ::syscall(SYS_setgroups, 0, nullptr);
  const long group = ::syscall(SYS_setresgid, gid, gid, gid);
  return group != 0 ? group : ::syscall(SYS_setresuid, uid, uid, uid);
}

class UserNamespaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mapping other users' ids needs root";
    auto made = make_user_namespace(test::kUnusedUserId);
    ASSERT_TRUE(made) << made.error().message();
    space_ = std::move(made.value());
  }
  /// What `body` says inside the namespace.
  std::string inside(const std::function<std::string()>& body) const {
    return test::said_by_child([&]() -> std::string {
      if (::setns(space_.get(), CLONE_NEWUSER) != 0) return "cannot enter";
      return body();
    });
  }

  os::UniqueFd space_;
};

TEST_F(UserNamespaceTest, RootAndTheFunctionsUserAreOtherUsersOutside) {
  const test::OwnFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  EXPECT_EQ(inside([&]() -> std::string {
              if (become(0, 0) != 0) return "not root";
              std::ofstream(folder.path() / "of-root") << "x";
              if (become(kFunctionUid, kFunctionGid) != 0) return "not the function's user";
              std::ofstream(folder.path() / "of-function") << "x";
              return "";
            }),
            "");
  struct stat status {};
  ASSERT_EQ(::stat((folder.path() / "of-root").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, test::kUnusedUserId);
  EXPECT_EQ(status.st_gid, test::kUnusedUserId);
  ASSERT_EQ(::stat((folder.path() / "of-function").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, test::kUnusedUserId + 1);
  EXPECT_EQ(status.st_gid, test::kUnusedUserId + 1);
}

TEST_F(UserNamespaceTest, NoOtherUserOrGroupExistsInIt) {
  for (const unsigned id : {1U, 990U, 993U, 994U, 65'534U}) {
    EXPECT_EQ(inside([&]() -> std::string {
                if (::syscall(SYS_setresgid, 0, 0, 0) != 0) return "not root";
                const bool has_group = ::syscall(SYS_setresgid, id, -1, -1) == 0;
                const bool has_user = ::syscall(SYS_setresuid, id, -1, -1) == 0;
                return std::string(has_user ? "user" : "") + (has_group ? "group" : "");
              }),
              id == kFunctionUid ? "user" : (id == kFunctionGid ? "group" : ""))
        << id;
  }
}

TEST_F(UserNamespaceTest, NothingIsLeftButTheOneDescriptor) {
  const std::size_t before = test::open_descriptors();
  {
    const auto another = make_user_namespace(test::kUnusedUserId + 2);
    ASSERT_TRUE(another);
    EXPECT_EQ(test::open_descriptors(), before + 1);
    EXPECT_NE(::fcntl(another.value().get(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_TRUE(test::has_no_children());
}

TEST_F(UserNamespaceTest, ALimitThatIsReachedIsExhausted) {
  EXPECT_EQ(inside([]() -> std::string {
              // The limit of this namespace alone: that of the host stays as it is.
              if (!os::write_kernel_file("/proc/sys/user/max_user_namespaces", "0")) {
                return "cannot set the limit";
              }
              const auto failed = make_user_namespace(0);
              if (failed) return "it was made";
              if (failed.error().code() != Errc::exhausted) return failed.error().message();
              return test::has_no_children() ? "" : "a process is left";
            }),
            "");
}

TEST_F(UserNamespaceTest, IdsThatMayNotBeMappedAreAnErrorThatNamesTheMapAndLeavesNoProcess) {
  EXPECT_EQ(inside([]() -> std::string {
              if (become(0, 0) != 0) return "not root";  // no other user may make one in here
              const std::size_t before = test::open_descriptors();
              const auto failed = make_user_namespace(500'000);  // no such user in here
              if (failed) return "it was made";
              if (failed.error().message().find("/uid_map") == std::string::npos) {
                return failed.error().message();
              }
              if (test::open_descriptors() != before) return "a descriptor is left";
              return test::has_no_children() ? "" : "a process is left";
            }),
            "");
}

}  // namespace
}  // namespace proa::launcher
