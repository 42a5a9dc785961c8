#include "launcher/code_mount.h"

#include "os/file.h"
#include "unit/launcher/own_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include <fstream>

namespace proa::launcher {
namespace {

namespace fs = std::filesystem;

/// A process that stands in a mount namespace of its own, whose root holds /var/task and /opt.
class Environment {
 public:
  explicit Environment(const fs::path& folder) {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      const char answer = is_set_up(folder) ? '!' : '?';
      (void)!::write(ready[1], &answer, 1);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    const os::UniqueFd said(ready[0]);
    char answer = 0;
    if (::read(said.get(), &answer, 1) != 1 || answer != '!') throw std::runtime_error("no mounts");
    space_ = std::move(os::open_file(process() / "ns/mnt", O_RDONLY).value());
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  int space() const { return space_.get(); }
  /// Its `name`, as seen from here.
  fs::path path(const std::string& name) const { return process() / "root" / name; }

 private:
  static bool is_set_up(const fs::path& folder) {
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("test", folder.c_str(), "tmpfs", 0, nullptr) == 0 &&
           fs::create_directories(folder / "var/task") && fs::create_directory(folder / "opt") &&
           is_like_a_root(folder) && ::chdir(folder.c_str()) == 0 &&
           ::syscall(SYS_pivot_root, ".", ".") == 0 && ::umount2(".", MNT_DETACH) == 0;
  }
  /// What a root has besides: mounts that a new root takes over, and the host's files.
  static bool is_like_a_root(const fs::path& folder) {
    for (const char* name : {"proc", "dev", "tmp", "mnt", "etc"}) {
      if (!fs::create_directory(folder / name)) return false;
    }
    for (const char* name : {"proc", "dev", "tmp"}) {
      if (::mount(name, (folder / name).c_str(), "tmpfs", 0, nullptr) != 0) return false;
      std::ofstream(folder / name / "mark") << name;
    }
    std::ofstream(folder / "etc/resolv.conf") << "ours";
    std::ofstream(folder / "etc/hosts") << "ours";
    std::ofstream(folder / "etc/old") << "of the old root";
    return true;
  }
  fs::path process() const { return fs::path("/proc") / std::to_string(pid_); }

  pid_t pid_ = -1;
  os::UniqueFd space_;
};

class CodeMountTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    fs::create_directory(folder_.path() / "root");
    folder_.put("code/function/main.py", "main");
    folder_.put("code/lower/lib/same.py", "lower");
    folder_.put("code/lower/lib/only.py", "only");
    folder_.put("code/upper/lib/same.py", "upper");
    folder_.put("secret/key", "key");
    folder_.put("code/image/etc/resolv.conf", "the image's");
    folder_.put("code/image/bin/run", "a program");
    for (const char* name : {"proc", "dev", "tmp"}) {
      fs::create_directory(folder_.path() / "code/image" / name);
    }
    fs::create_directory_symlink(folder_.path() / "secret", folder_.path() / "code/link");
    environment_ = std::make_unique<Environment>(folder_.path() / "root");
    code_ = std::move(os::open_file(folder_.path() / "code", O_PATH | O_DIRECTORY).value());
  }

  Result<void> mount(const std::string& code, const std::vector<std::string>& layers = {}) {
    return mount_code(environment_->space(), code_.get(), code, layers);
  }
  std::string text(const std::string& name) const {
    return test::text_of_file(environment_->path(name));
  }
  bool is_empty(const std::string& name) const { return fs::is_empty(environment_->path(name)); }
  void expect_guarded(const std::string& name) const {
    struct statvfs status {};
    ASSERT_EQ(::statvfs(environment_->path(name).c_str(), &status), 0) << name;
    for (const unsigned long flag : {ST_RDONLY, ST_NOSUID, ST_NODEV}) {
      EXPECT_NE(status.f_flag & flag, 0U) << name << " lacks flag " << flag;
    }
    EXPECT_FALSE(os::open_file(environment_->path(name) / "new", O_WRONLY | O_CREAT, 0600));
  }

  test::OwnFolder folder_;
  std::unique_ptr<Environment> environment_;
  os::UniqueFd code_;
};

TEST_F(CodeMountTest, CodeStandsReadOnlyOnVarTaskAndOptStaysEmptyWithoutLayers) {
  const auto mounted = mount("function");
  ASSERT_TRUE(mounted) << mounted.error().message();
  EXPECT_EQ(text("var/task/main.py"), "main");
  expect_guarded("var/task");
  EXPECT_TRUE(is_empty("opt"));
  // The tree itself is not read-only for its owner.
  folder_.put("code/function/more.py", "more");
  EXPECT_EQ(text("var/task/more.py"), "more");
}

TEST_F(CodeMountTest, OneLayerStandsOnOpt) {
  ASSERT_TRUE(mount("function", {"lower"}));
  EXPECT_EQ(text("opt/lib/same.py"), "lower");
  expect_guarded("opt");
}

TEST_F(CodeMountTest, LayersAreMergedAndALaterOneWins) {
  const auto mounted = mount("function", {"lower", "upper"});
  ASSERT_TRUE(mounted) << mounted.error().message();
  EXPECT_EQ(text("opt/lib/same.py"), "upper");
  EXPECT_EQ(text("opt/lib/only.py"), "only");
  expect_guarded("opt");
  const Environment other(folder_.path() / "root");
  ASSERT_TRUE(mount_code(other.space(), code_.get(), "function",
                         std::vector<std::string>{"upper", "lower"}));
  EXPECT_EQ(test::text_of_file(other.path("opt/lib/same.py")), "lower");
}

TEST_F(CodeMountTest, AnImageBecomesTheRootAndKeepsWhatTheSandboxIs) {
  const auto mounted = mount_root(environment_->space(), code_.get(), "image", false);
  ASSERT_TRUE(mounted) << mounted.error().message();
  // The process that was there before stands in the new root.
  EXPECT_EQ(text("bin/run"), "a program");
  expect_guarded("bin");
  for (const char* name : {"proc", "dev", "tmp"})
    EXPECT_EQ(text(name + std::string("/mark")), name);
  EXPECT_EQ(text("etc/resolv.conf"), "ours");
  EXPECT_FALSE(fs::exists(environment_->path("etc/hosts"))) << "the image has none";
  EXPECT_FALSE(fs::exists(environment_->path("etc/old")));
  EXPECT_FALSE(fs::exists(environment_->path("var")));
  EXPECT_FALSE(fs::exists(environment_->path("mnt")));
}

TEST_F(CodeMountTest, ARootWithCodeKeepsCodeLayersAndWhatOfOursIsThere) {
  for (const char* name : {"var/task", "var/runtime", "opt"}) {
    fs::create_directories(folder_.path() / "code/image" / name);
  }
  fs::create_directories(environment_->path("var/runtime"));
  std::ofstream(environment_->path("var/runtime/bootstrap")) << "ours";
  ASSERT_TRUE(mount("function", {"lower"}));
  const auto mounted = mount_root(environment_->space(), code_.get(), "image", true);
  ASSERT_TRUE(mounted) << mounted.error().message();
  EXPECT_EQ(text("bin/run"), "a program");
  EXPECT_EQ(text("var/task/main.py"), "main");
  expect_guarded("var/task");
  EXPECT_EQ(text("opt/lib/only.py"), "only");
  EXPECT_EQ(text("var/runtime/bootstrap"), "ours");
}

TEST_F(CodeMountTest, ARootWithCodeNeedsNoLayers) {
  for (const char* name : {"var/task", "var/runtime", "opt"}) {
    fs::create_directories(folder_.path() / "code/image" / name);
  }
  fs::create_directories(environment_->path("var/runtime"));
  ASSERT_TRUE(mount("function"));
  ASSERT_TRUE(mount_root(environment_->space(), code_.get(), "image", true));
  EXPECT_EQ(text("var/task/main.py"), "main");
  EXPECT_TRUE(is_empty("opt"));
}

TEST_F(CodeMountTest, ARootThatIsNoneChangesNothing) {
  EXPECT_EQ(mount_root(environment_->space(), code_.get(), "missing", false).error().code(),
            Errc::not_found);
  EXPECT_FALSE(mount_root(environment_->space(), code_.get(), "link", false));
  EXPECT_EQ(text("etc/old"), "of the old root");
}

TEST_F(CodeMountTest, ATreeThatIsMissingIsNamedAndNothingIsMounted) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> wrong{
      {"missing", {}}, {"function", {"missing"}}, {"function", {"lower", "missing"}}};
  for (const auto& [code, layers] : wrong) {
    const auto failed = mount(code, layers);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), Errc::not_found);
    EXPECT_NE(failed.error().message().find("missing"), std::string::npos);
    EXPECT_TRUE(is_empty("var/task"));
    EXPECT_TRUE(is_empty("opt"));
  }
}

TEST_F(CodeMountTest, NoNameLeadsOutOfTheCodeFolder) {
  for (const std::string name : {"../secret", "link", "/", "function/../../secret"}) {
    EXPECT_FALSE(mount(name)) << name;
    EXPECT_FALSE(mount("function", {name})) << name;
    EXPECT_FALSE(mount("function", {"lower", name})) << name;
  }
  EXPECT_TRUE(is_empty("var/task"));
  EXPECT_TRUE(is_empty("opt"));
}

TEST_F(CodeMountTest, TheCallersOwnNamespaceDescriptorsAndChildrenStayAsTheyWere) {
  const std::string mounts = test::text_of_file("/proc/self/mountinfo");
  const std::size_t descriptors = test::open_descriptors();
  ASSERT_TRUE(mount("function", {"lower", "upper"}));
  ASSERT_FALSE(mount("function", {"lower", "missing"}));
  EXPECT_EQ(test::text_of_file("/proc/self/mountinfo"), mounts);
  EXPECT_EQ(test::open_descriptors(), descriptors);
  ASSERT_EQ(::waitpid(-1, nullptr, WNOHANG), 0) << "only the environment, which lives, is a child";
}

TEST_F(CodeMountTest, WhatIsNoMountNamespaceIsAnError) {
  const auto network = os::open_file("/proc/self/ns/net", O_RDONLY).value();
  const auto failed = mount_code(network.get(), code_.get(), "function", {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().os_errno(), EINVAL);
  EXPECT_NE(failed.error().message().find("mount code"), std::string::npos);
}

}  // namespace
}  // namespace proa::launcher
