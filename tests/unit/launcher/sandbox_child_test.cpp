#include "launcher/sandbox_child.h"

#include "launcher/net/namespaces.h"
#include "launcher/spawn_role.h"
#include "launcher/user_namespace.h"
#include "os/file.h"
#include "os/seqpacket.h"
#include "unit/launcher/role_process.h"
#include "unit/launcher/stage_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <functional>
#include <set>
#include <sstream>

namespace proa::launcher {
namespace {

os::UniqueFd pidfd_of(pid_t process) {
  return os::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
}

// What one environment is started from, made by a process that stands in the stage.
class Parts {
 public:
  Parts() {
    const auto visit = net::NamespaceVisit::enter_new().value();
    network_ = std::move(net::current_namespace().value());
    user_ = std::move(make_user_namespace(test::kUnusedUserId).value());
    null_ = std::move(os::open_file("/env/dev/null", O_RDWR).value());
    const os::UniqueFd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
    ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
    tmp_.reset(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
    filter_ = std::move(build_sandbox_filter().value());
    auto pair = std::move(os::stream_pair().value());
    link_ = std::move(pair.first);
    control_ = std::move(pair.second);
    role_ = pidfd_of(::getpid());
    program_.arguments = {"/var/runtime/proa-init", nullptr};
    program_.descriptors = {null_.get(), null_.get(), null_.get(), control_.get()};
  }
  const ChildProgram& program() const { return program_; }
  ChildPlan plan() const {
    ChildPlan plan;
    plan.role = role_.get();
    plan.user_namespace = user_.get();
    plan.network_namespace = network_.get();
    plan.tmp_mount = tmp_.get();
    plan.root = &root_;
    plan.program = &program_;
    plan.filter = &filter_;
    return plan;
  }
  /// The first piece of `file` as the environment sees it.
  std::string seen_inside(const std::string& file) const {
    const std::string line = "say " + file + "\n";
    (void)!::write(link_.get(), line.data(), line.size());
    std::string text(8192, '\0');
    if (!test::is_readable(link_.get())) return "silent";
    text.resize(static_cast<std::size_t>(
        std::max<ssize_t>(::read(link_.get(), text.data(), text.size()), 0)));
    return text;
  }

 private:
  os::UniqueFd network_;
  os::UniqueFd user_;
  os::UniqueFd null_;
  os::UniqueFd tmp_;
  os::UniqueFd link_;
  os::UniqueFd control_;
  os::UniqueFd role_;
  FilterProgram filter_;
  ChildRoot root_ = ChildRoot::at("/env", true);
  ChildProgram program_;
};

/// The words after `name:` in a text like /proc/self/status or /proc/self/limits.
std::string words_of(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    if (!line.starts_with(name)) continue;
    std::istringstream words(line.substr(name.size()));
    std::string joined;
    for (std::string word; words >> word;) joined += (joined.empty() ? "" : " ") + word;
    return joined;
  }
  return "";
}

class SandboxChildTest : public test::StagedTest {
 protected:
  /// What `body` says in a process that stands in the stage.
  std::string staged(const std::function<std::string(const Parts&)>& body) const {
    return test::said_by_child([&]() -> std::string {
      if (auto entered = enter_stage(config_, stage()); !entered) return entered.error().message();
      const Parts parts;
      return body(parts);
    });
  }
};

TEST_F(SandboxChildTest, ProaInitHasFewRightsAndNoWayToMore) {
  EXPECT_EQ(staged([](const Parts& parts) -> std::string {
              const auto child = clone_child(parts.plan());
              if (!child) return child.error().message();
              const std::string status = parts.seen_inside("/proc/1/status");
              // KILL, SETGID, SETUID, SETPCAP: to start and end the function as another user.
              for (const char* set : {"CapPrm:", "CapEff:", "CapBnd:"}) {
                if (words_of(status, set) != "00000000000001e0") return set + status;
              }
              if (words_of(status, "CapInh:") != "0000000000000000") return "inheritable";
              if (words_of(status, "NoNewPrivs:") != "1") return "may gain privileges";
              if (words_of(status, "Seccomp:") != "2") return "no filter";
              if (words_of(status, "Uid:") != "0 0 0 0") return "not its own root";
              if (words_of(status, "Groups:") != "") return "groups of the host";
              const std::string limits = parts.seen_inside("/proc/1/limits");
              if (words_of(limits, "Max open files") != "1024 1024 files") return limits;
              if (words_of(limits, "Max core file size") != "0 0 bytes") return limits;
              return "";
            }),
            "");
}

TEST_F(SandboxChildTest, AProgramOfAnotherUserHasNoRightsAtAll) {
  EXPECT_EQ(staged([](const Parts& parts) -> std::string {
              ChildProgram program = parts.program();
              program.uid = 993;
              program.gid = 990;
              ChildPlan plan = parts.plan();
              plan.program = &program;
              const auto child = clone_child(plan);
              if (!child) return child.error().message();
              const std::string status = parts.seen_inside("/proc/1/status");
              for (const char* set : {"CapPrm:", "CapEff:", "CapBnd:", "CapInh:", "CapAmb:"}) {
                if (words_of(status, set) != "0000000000000000") return set + status;
              }
              if (words_of(status, "Uid:") != "993 993 993 993") return status;
              if (words_of(status, "Gid:") != "990 990 990 990") return status;
              if (words_of(status, "NoNewPrivs:") != "1") return "may gain privileges";
              return words_of(status, "Seccomp:") == "2" ? "" : "no filter";
            }),
            "");
}

TEST_F(SandboxChildTest, NoFileOfAProgramGetsLongerThanItMay) {
  EXPECT_EQ(staged([](const Parts& parts) -> std::string {
              ChildProgram program = parts.program();
              program.file_bytes_max = 7 << 20U;
              ChildPlan plan = parts.plan();
              plan.program = &program;
              const auto child = clone_child(plan);
              if (!child) return child.error().message();
              const std::string limits = parts.seen_inside("/proc/1/limits");
              return words_of(limits, "Max file size");
            }),
            "7340032 7340032 bytes");
}

TEST_F(SandboxChildTest, ItStandsInNamespacesOfItsOwnWhereHostFilesAreMasked) {
  EXPECT_EQ(staged([](const Parts& parts) -> std::string {
              const auto child = clone_child(parts.plan());
              if (!child) return child.error().message();
              if (words_of(parts.seen_inside("/proc/1/status"), "Name:") != "proa-init") {
                return "not process 1";
              }
              if (words_of(parts.seen_inside("/proc/1/uid_map"), "")
                      .find(std::to_string(test::kUnusedUserId)) == std::string::npos) {
                return "another user namespace: " + parts.seen_inside("/proc/1/uid_map");
              }
              const std::string mounts = parts.seen_inside("/proc/1/mounts");
              return mounts.find(" /proc/cmdline ") == std::string::npos ? mounts : "";
            }),
            "");
}

TEST_F(SandboxChildTest, ItsMountNamespaceArrivesOnceAndLeadsToItsRoot) {
  EXPECT_EQ(staged([](const Parts& parts) -> std::string {
              const auto child = clone_child(parts.plan());
              if (!child) return child.error().message();
              if (parts.seen_inside("/proc/1/comm") != "proa-init\n") return "does not run";
              const auto space = take_mount_namespace(child.value());
              if (!space) return space.error().message();
              struct stat mine {};
              struct stat theirs {};
              ::stat("/proc/self/ns/mnt", &mine);
              ::fstat(space.value().get(), &theirs);
              if (mine.st_ino == theirs.st_ino) return "the stage's own namespace";
              const auto again = take_mount_namespace(child.value());
              if (again || again.error().code() != Errc::unavailable) return "it came twice";
              return take_failure(child.value()).step == 0 ? "" : "a failure of what runs";
            }),
            "");
}

/// One line of the cgroup2 folder `group`, which is out of sight in the stage.
std::string line_of(int group, const char* file) {
  const os::UniqueFd fd(::openat(group, file, O_RDONLY | O_CLOEXEC));
  std::string text(256, '\0');
  text.resize(
      static_cast<std::size_t>(std::max<ssize_t>(::read(fd.get(), text.data(), text.size()), 0)));
  return text;
}

// A frozen group runs nothing: what is in it was there before its first instruction.
TEST_F(SandboxChildTest, ItIsBornInItsCgroup2) {
  CgroupOptions options;
  options.instance = test::fresh_instance();
  const auto backend = CgroupBackend::detect(options);
  if (!backend) GTEST_SKIP() << backend.error().message();
  if (!backend.value()->layout().cgroup2) GTEST_SKIP() << "this host has no cgroup2";
  const auto folder = *backend.value()->layout().cgroup2 / "1";
  const auto cgroup = std::move(backend.value()->create("1").value());
  const CgroupEntry entry = std::move(cgroup->entry_fds().value());
  const int group = entry.cgroup2.get();
  std::ofstream(folder / "cgroup.freeze") << "1";
  EXPECT_EQ(staged([group](const Parts& parts) -> std::string {
              ChildPlan plan = parts.plan();
              plan.cgroup2_directory = group;
              const auto child = clone_child(plan);
              if (!child) return child.error().message();
              if (line_of(group, "cgroup.procs") != std::to_string(child.value().pid) + "\n") {
                return "it is elsewhere";
              }
              const auto is_frozen = [group] {
                const std::string events = line_of(group, "cgroup.events");
                return events.find("populated 1\nfrozen 1\n") != std::string::npos;
              };
              if (!test::becomes_true(is_frozen)) return line_of(group, "cgroup.events");
              const auto early = take_mount_namespace(child.value());
              if (early || early.error().code() != Errc::unavailable) return "it has run";
              const os::UniqueFd freeze(::openat(group, "cgroup.freeze", O_WRONLY | O_CLOEXEC));
              if (::write(freeze.get(), "0", 1) != 1) return "it cannot be thawed";
              return parts.seen_inside("/proc/1/comm") == "proa-init\n" ? "" : "does not run";
            }),
            "");
}

TEST_F(SandboxChildTest, AStepThatFailsIsReportedWithItsReasonAndTheChildEnds) {
  const auto failing = [](const std::function<void(ChildPlan&)>& spoil) {
    return [spoil](const Parts& parts) -> std::string {
      ChildPlan plan = parts.plan();
      spoil(plan);
      const auto child = clone_child(plan);
      if (!child) return child.error().message();
      if (test::exit_status_of(child.value().pid) != 127) return "it went on";
      const StartFailure failure = take_failure(child.value());
      return std::string(to_string(static_cast<StartStep>(failure.step))) + ": " +
             std::to_string(failure.os_errno);
    };
  };
  const std::string bad = ": " + std::to_string(EBADF);
  EXPECT_EQ(staged(failing([](ChildPlan& plan) { plan.cgroup_task_files = {-1}; })),
            "join cgroup" + bad);
  EXPECT_EQ(staged(failing([](ChildPlan& plan) { plan.network_namespace = -1; })),
            "join network namespace" + bad);
  EXPECT_EQ(staged(failing([](ChildPlan& plan) { plan.tmp_mount = -1; })), "mount /tmp" + bad);
  EXPECT_EQ(staged(failing([](ChildPlan& plan) { plan.user_namespace = -1; })),
            "join user namespace" + bad);
  static ChildProgram lacking;
  lacking.arguments = {"/var/runtime/proa-init", nullptr};
  lacking.descriptors = {0, 1, -1};
  EXPECT_EQ(staged(failing([](ChildPlan& plan) { plan.program = &lacking; })),
            "arrange descriptors" + bad);
  static ChildProgram greedy;
  greedy.descriptors.assign(17, 0);
  EXPECT_EQ(staged(failing([](ChildPlan& plan) { plan.program = &greedy; })),
            "arrange descriptors: " + std::to_string(EMFILE));
  config_.init_program = folder_.path() / "empty";
  folder_.put("empty", "");
  EXPECT_EQ(staged(failing([](ChildPlan&) {})), "execute the program: " + std::to_string(ENOEXEC));
}

TEST_F(SandboxChildTest, ItDoesNotOutliveARoleThatEndedBeforeItCouldAskForItsSignal) {
  EXPECT_EQ(staged([](const Parts& parts) -> std::string {
              const pid_t ended = ::fork();
              if (ended == 0) ::_exit(0);
              const os::UniqueFd role = pidfd_of(ended);
              test::exit_status_of(ended);
              ChildPlan plan = parts.plan();
              plan.role = role.get();
              const auto child = clone_child(plan);
              if (!child) return child.error().message();
              if (test::exit_status_of(child.value().pid) != 127) return "it went on";
              const StartFailure failure = take_failure(child.value());
              if (static_cast<StartStep>(failure.step) != StartStep::role) return "another step";
              return failure.os_errno == ESRCH ? "" : "another reason";
            }),
            "");
}

TEST(StartStepNames, EveryStepHasOneOfItsOwn) {
  std::set<std::string> names;
  for (int step = 0; step <= static_cast<int>(StartStep::exec); ++step) {
    names.insert(to_string(static_cast<StartStep>(step)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(StartStep::exec) + 1);
  EXPECT_EQ(names.count("unknown step"), 0U);
  EXPECT_STREQ(to_string(static_cast<StartStep>(999)), "unknown step");
}

}  // namespace
}  // namespace proa::launcher
