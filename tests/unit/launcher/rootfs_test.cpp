#include "launcher/rootfs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

namespace proa::launcher {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool is_read_only(const fs::path& path) {
  struct statvfs status {};
  return ::statvfs(path.c_str(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0 &&
         (status.f_flag & ST_NOSUID) != 0;
}

class Rootfs : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    std::string name = "/tmp/proa-rootfs-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    options_.root = folder_ / "root";
    options_.runtimes_folder = folder_ / "runtimes";
    options_.init_program = folder_ / "init";
    fs::create_directories(options_.root);
    put("runtimes/python/bootstrap.py", "bootstrap");
    put("init", "init");
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  void put(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  fs::path in_root(const std::string& name) const { return options_.root / name; }

  /// Builds the root in a mount namespace of its own and looks at it there; the mounts end with it.
  /// Checks in `look` report by their text: empty is good.
  void build_and(const std::function<std::string(const Result<void>&)>& look) const {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::string text = "no mount namespace";
      if (::unshare(CLONE_NEWNS) == 0 &&
          ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) {
        text = look(build_rootfs(options_));
      }
      (void)!::write(ends[1], text.data(), text.size());
      ::_exit(0);
    }
    ::close(ends[1]);
    std::string text(65536, '\0');
    const ssize_t count = ::read(ends[0], text.data(), text.size());
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(text.substr(0, static_cast<std::size_t>(std::max<ssize_t>(count, 0))), "");
  }

  fs::path folder_;
  RootfsOptions options_;
};

TEST_F(Rootfs, IsReadOnlyAndHasWhatProgramsNeed) {
  build_and([&](const Result<void>& built) -> std::string {
    if (!built) return built.error().message();
    if (!is_read_only(options_.root)) return "root can be written";
    if (!is_read_only(in_root("usr"))) return "usr can be written";
    if (read(in_root("var/runtime/python/bootstrap.py")) != "bootstrap") return "no bootstrap";
    if (read(in_root("var/runtime/proa-init")) != "init") return "no proa-init";
    if (!fs::is_character_file(in_root("dev/null"))) return "no /dev/null";
    if (!fs::exists(in_root("etc/passwd"))) return "no passwd";
    if (fs::exists(in_root("etc/shadow"))) return "a shadow file";
    if (fs::exists(in_root("etc/ssl/private"))) return "private keys";
    for (const char* folder : {"var/task", "opt", "tmp"}) {
      if (!fs::is_empty(in_root(folder))) return std::string(folder) + " is not empty";
    }
    return {};
  });
}

TEST_F(Rootfs, HidesWhatTheHostsAdministratorInstalled) {
  build_and([&](const Result<void>& built) -> std::string {
    if (!built) return built.error().message();
    for (const char* folder : {"usr/local", "usr/lib/python3/dist-packages"}) {
      if (fs::exists(in_root(folder)) && !fs::is_empty(in_root(folder))) return folder;
    }
    return {};
  });
}

TEST_F(Rootfs, ShowsFoldersAndFilesOfTheHostReadOnlyWhereTheyWereAskedFor) {
  put("home/closed/lib/python3.12/os.py", "os");
  put("home/closed/lib/python3.12/site-packages/numpy.py", "hidden");
  put("home/closed/bin/node", "node");
  fs::permissions(folder_ / "home", fs::perms::owner_all);
  options_.mounts = {{folder_ / "home/closed/lib", "var/lang/python3.12/lib"},
                     {"", "var/lang/python3.12/lib/python3.12/site-packages"},
                     {folder_ / "home/closed/bin/node", "var/lang/nodejs20.x/bin/node"}};
  build_and([&](const Result<void>& built) -> std::string {
    if (!built) return built.error().message();
    const fs::path library = in_root("var/lang/python3.12/lib/python3.12");
    if (read(library / "os.py") != "os") return "no library";
    if (!fs::is_empty(library / "site-packages")) return "the host's packages can be seen";
    if (read(in_root("var/lang/nodejs20.x/bin/node")) != "node") return "no program";
    if (!is_read_only(library) || !is_read_only(in_root("var/lang/nodejs20.x/bin/node")))
      return "they can be written";
    const auto others = fs::status(in_root("var/lang/python3.12")).permissions();
    return (others & fs::perms::others_exec) != fs::perms::none ? "" : "closed to functions";
  });
}

TEST_F(Rootfs, FollowsNoLinkThatTookThePlaceOfASource) {
  put("secret/key", "key");
  fs::create_directory_symlink(folder_ / "secret", folder_ / "link");
  options_.mounts = {{folder_ / "link", "var/lang/python3.12/lib"}};
  build_and([&](const Result<void>& built) -> std::string {
    if (built) return "the link was followed";
    return built.error().message().find("link") != std::string::npos ? "" : built.error().message();
  });
}

TEST_F(Rootfs, PutsLayersAndThenBundledPackagesAboveTheFunctionForEsModules) {
  put("bundled/node_modules/aws/index.js", "aws");
  options_.mounts = {{folder_ / "bundled/node_modules", "var/runtime/node_modules"}};
  build_and([&](const Result<void>& built) -> std::string {
    if (!built) return built.error().message();
    if (fs::read_symlink(in_root("var/node_modules")) != "/opt/nodejs/node_modules")
      return "layers";
    if (fs::read_symlink(in_root("node_modules")) != "/var/runtime/node_modules") return "bundled";
    return read(in_root("var/runtime/node_modules/aws/index.js")) == "aws" ? "" : "no package";
  });
}

TEST(GeneratedEtc, KnowsLambdasUserAndNoSecrets) {
  const auto files = generated_etc("nameserver 169.254.100.1\n");
  EXPECT_EQ(files.at("resolv.conf"), "nameserver 169.254.100.1\n");
  EXPECT_THAT(files.at("passwd"), ::testing::HasSubstr("sbx_user1051:x:993:990:"));
  EXPECT_THAT(files.at("hosts"), ::testing::HasSubstr("sandbox.localdomain"));
  EXPECT_EQ(files.count("shadow"), 0U);
}

}  // namespace
}  // namespace proa::launcher
