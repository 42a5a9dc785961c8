#include "launcher/cgroup/cgroup_environment.h"

#include "launcher/cgroup/cgroup_tree.h"
#include "os/seqpacket.h"
#include "unit/launcher/cgroup_fixture.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>

#include <sstream>

namespace proa::launcher {
namespace {

using namespace std::chrono_literals;
using test::becomes_true;
using test::in;
using test::start_in;

class EnvironmentCgroupTest : public test::RealCgroups {};

INSTANTIATE_TEST_SUITE_P(Kinds, EnvironmentCgroupTest,
                         ::testing::Values(os::CgroupKind::v1, os::CgroupKind::hybrid,
                                           os::CgroupKind::v2),
                         test::kind_name);

TEST_P(EnvironmentCgroupTest, MemoryBeyondTheLimitIsAnOomKillThatIsCounted) {
  auto cgroup = make("1");
  const auto limits = CgroupLimits::for_function(Bytes::mib(32), 64, 128, CpuPolicy::weight);
  ASSERT_TRUE(cgroup->set_limits(limits));
  auto control = control_of(*cgroup);
  EXPECT_EQ(control.oom_kills().value(), 0U);
  auto child = start_in(cgroup->entry_fds().value(), [] { return test::touch_memory(64U << 20U); });
  const int status = child->wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  EXPECT_EQ(control.oom_kills().value(), 1U);
  const auto peak = control.memory_peak();
  ASSERT_TRUE(peak);
  if (peak.value()) {
    EXPECT_GE(*peak.value(), Bytes::mib(30));
    EXPECT_LE(*peak.value(), Bytes::mib(32));
  }
  EXPECT_LE(control.memory_usage().value(), Bytes::mib(32));
  EXPECT_GT(control.cpu_time().value(), 0us);
}

TEST_P(EnvironmentCgroupTest, ProcessesRunWhereTheyAreToldUntilTheReset) {
  if (!backend_->layout().folder_of("cpuset")) {
    GTEST_SKIP() << "cpuset: " << backend_->layout().missing.at("cpuset");
  }
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  int last = -1;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &before)) last = i;
  }
  auto cgroup = make("1");
  const auto processors = [&] {
    auto child = start_in(cgroup->entry_fds().value(), [] {
      cpu_set_t now;
      ::sched_getaffinity(0, sizeof now, &now);
      return CPU_COUNT(&now);
    });
    return WEXITSTATUS(child->wait());
  };
  EXPECT_EQ(processors(), CPU_COUNT(&before));
  auto control = control_of(*cgroup);
  ASSERT_TRUE(control.run_on(std::to_string(last)));
  EXPECT_EQ(processors(), 1);
  EXPECT_FALSE(control.run_on("100000"));
  ASSERT_TRUE(cgroup->reset());
  EXPECT_EQ(processors(), CPU_COUNT(&before));
}

TEST_P(EnvironmentCgroupTest, MoreProcessesThanTheLimitAreRefused) {
  auto cgroup = make("1");
  const auto limits = CgroupLimits::for_function(Bytes::mib(256), 5, 128, CpuPolicy::weight);
  ASSERT_TRUE(cgroup->set_limits(limits));
  // The four that it leaves become this process' own: a v1 group counts the dead until their parent
  // has looked, and the host's first process may take seconds for that.
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  auto child = start_in(cgroup->entry_fds().value(), [] { return test::fork_until_refused(); });
  const int status = child->wait();
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  EXPECT_EQ(WEXITSTATUS(status), 4);
  ASSERT_TRUE(cgroup->kill());
  for (int left = 0; left < 4; ++left) EXPECT_GT(::waitpid(-1, nullptr, 0), 0);
  auto control = control_of(*cgroup);
  EXPECT_TRUE(becomes_true([&] { return !control.is_populated().value(); }));
}

TEST_P(EnvironmentCgroupTest, LimitsAreWrittenAndRaisedAndLoweredAgain) {
  auto cgroup = make("1");
  const bool is_v2 = backend_->kind() == os::CgroupKind::v2;
  const auto memory = *backend_->layout().folder_of("memory") / "1";
  for (const std::uint64_t mib : {128U, 1024U, 64U}) {
    const auto limits = CgroupLimits::for_function(Bytes::mib(mib), 77, 128, CpuPolicy::quota);
    const auto set = cgroup->set_limits(limits);
    ASSERT_TRUE(set) << set.error().message();
    const std::string bytes = std::to_string(mib << 20U);
    EXPECT_EQ(read_line(memory / (is_v2 ? "memory.max" : "memory.limit_in_bytes")).value(), bytes);
    if (!is_v2) {
      EXPECT_EQ(read_line(memory / "memory.memsw.limit_in_bytes").value(), bytes);
    }
  }
  const auto cpu = *backend_->layout().folder_of("cpu") / "1";
  EXPECT_EQ(read_line(cpu / (is_v2 ? "cpu.weight" : "cpu.shares")).value(), "74");
  EXPECT_EQ(read_line(cpu / (is_v2 ? "cpu.max" : "cpu.cfs_quota_us")).value(),
            is_v2 ? "1447 20000" : "1447");
  ASSERT_TRUE(cgroup->set_limits(test::wide_limits()));
  EXPECT_EQ(read_line(cpu / (is_v2 ? "cpu.max" : "cpu.cfs_quota_us")).value(),
            is_v2 ? "max 100000" : "-1");
}

TEST_P(EnvironmentCgroupTest, RefusesAMemoryLimitOfLessThanAPage) {
  auto cgroup = make("1");
  const auto set =
      cgroup->set_limits(CgroupLimits::for_function(Bytes(100), 5, 128, CpuPolicy::weight));
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code(), Errc::invalid);
}

TEST_P(EnvironmentCgroupTest, AQuotaSlowsABusyProcessDown) {
  auto cgroup = make("1");
  auto limits = test::wide_limits();
  limits.cpu_quota = CpuQuota{2ms, 20ms};
  ASSERT_TRUE(cgroup->set_limits(limits));
  auto child = start_in(cgroup->entry_fds().value(), [] {
    for (;;) ::getppid();
    return 0;
  });
  // The kernel's own count of periods in which it held the process back: a clock also runs while
  // the whole machine stands still.
  const auto file = *backend_->layout().folder_of("cpu") / "1" / "cpu.stat";
  const auto periods_held_back = [&] {
    std::istringstream words(test::content_of(file));
    std::string name;
    for (int value = 0; words >> name >> value;) {
      if (name == "nr_throttled") return value;
    }
    return -1;
  };
  EXPECT_TRUE(becomes_true([&] { return periods_held_back() >= 5; }));
}

/// What the daemon does, run as a user without any privilege: 0, or the step that failed.
int operate_as_nobody(int socket) {
  if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) return 1;
  auto message = os::receive_message(socket);
  if (!message) return 2;
  std::uint32_t shape = 0;
  std::memcpy(&shape, message.value().bytes.data(), sizeof shape);
  auto files = os::CgroupFiles::from_fds(shape, std::move(message.value().fds));
  if (!files) return 3;
  auto control = os::CgroupControl::open(std::move(files).value());
  if (!control) return 4;
  auto& cgroup = control.value();
  // On v1 the child joins by itself, a moment after it was cloned.
  if (!becomes_true([&] { return cgroup.is_populated() && cgroup.is_populated().value(); })) {
    return 5;
  }
  if (!cgroup.freeze(in(5s))) return 6;
  if (!cgroup.memory_usage() || !cgroup.memory_peak() || !cgroup.oom_kills()) return 7;
  // The kernel books what was used before at its next tick: wait until two looks agree.
  auto frozen_at = cgroup.cpu_time();
  const auto stands_still = [&] {
    std::this_thread::sleep_for(20ms);  // time in which a process that still runs would use some
    const auto before = frozen_at.value();
    frozen_at = cgroup.cpu_time();
    return frozen_at.value() - before < 1ms;
  };
  if (!frozen_at || !becomes_true(stands_still)) return 8;
  if (!cgroup.thaw()) return 9;
  if (!becomes_true([&] { return cgroup.cpu_time().value() > frozen_at.value() + 5ms; })) return 10;
  if (!cgroup.freeze(in(5s))) return 11;  // a frozen one must be killed too
  if (!cgroup.can_kill()) return cgroup.thaw() ? 100 : 12;
  if (!cgroup.kill()) return 13;
  return becomes_true([&] { return !cgroup.is_populated().value(); }) ? 0 : 14;
}

TEST_P(EnvironmentCgroupTest, AnUnprivilegedUserFreezesThawsAndKillsByDescriptorsAlone) {
  auto cgroup = make("1");
  ASSERT_TRUE(cgroup->set_limits(test::wide_limits()));
  auto child = start_in(cgroup->entry_fds().value(), [] {
    for (;;) ::getppid();
    return 0;
  });
  auto pair = os::seqpacket_pair();
  ASSERT_TRUE(pair);
  const auto files = cgroup->daemon_files();
  ASSERT_TRUE(files);
  const std::uint32_t shape = files.value().shape();
  const auto fds = files.value().fds();
  ASSERT_TRUE(os::send_message(pair.value().first.get(), std::as_bytes(std::span(&shape, 1)), fds));
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(operate_as_nobody(pair.value().second.get()));
  test::Child daemon(pid);
  const int step = WEXITSTATUS(daemon.wait());
  EXPECT_EQ(step, backend_->kind() == os::CgroupKind::v1 ? 100 : 0);
  if (step == 0) {
    EXPECT_EQ(WTERMSIG(child->wait()), SIGKILL);
  }
}

TEST_P(EnvironmentCgroupTest, FreezingPastItsDeadlineSaysSoAndKillStillWorks) {
  auto cgroup = make("1");
  auto child = start_in(cgroup->entry_fds().value(), [] { return test::sleep_for_ever(); });
  auto control = control_of(*cgroup);
  ASSERT_TRUE(becomes_true([&] { return control.is_populated().value(); }));
  // A deadline in the past gives one look: either it is frozen already or the error names the time.
  const auto frozen = control.freeze(in(-1ms));
  if (!frozen) {
    EXPECT_EQ(frozen.error().code(), Errc::deadline);
  }
  ASSERT_TRUE(cgroup->kill());
  EXPECT_EQ(WTERMSIG(child->wait()), SIGKILL);
}

TEST_P(EnvironmentCgroupTest, ResetKillsThawsAndZeroesTheCounters) {
  auto cgroup = make("1");
  ASSERT_TRUE(
      cgroup->set_limits(CgroupLimits::for_function(Bytes::mib(32), 64, 128, CpuPolicy::weight)));
  auto greedy =
      start_in(cgroup->entry_fds().value(), [] { return test::touch_memory(64U << 20U); });
  greedy->wait();
  auto frozen = start_in(cgroup->entry_fds().value(), [] { return test::sleep_for_ever(); });
  auto before = control_of(*cgroup);
  ASSERT_TRUE(becomes_true([&] { return before.is_populated().value(); }));
  ASSERT_TRUE(before.freeze(in(5s)));
  const auto reset = cgroup->reset();
  ASSERT_TRUE(reset) << reset.error().message();
  EXPECT_EQ(WTERMSIG(frozen->wait()), SIGKILL);
  auto after = control_of(*cgroup);
  EXPECT_EQ(after.oom_kills().value(), 0U);
  const auto peak = after.memory_peak().value();
  if (peak) {
    EXPECT_LE(*peak, Bytes::mib(8));
  }
  EXPECT_LE(after.memory_usage().value(), Bytes::mib(8));
  EXPECT_LT(after.cpu_time().value(), 1ms);
  ASSERT_TRUE(cgroup->set_limits(test::wide_limits()));
  auto next = start_in(cgroup->entry_fds().value(), [] { return test::touch_memory(64U << 20U); });
  EXPECT_EQ(next->wait(), 0);
}

TEST_P(EnvironmentCgroupTest, RemoveKillsAndTheDescriptorsSayThatItIsGone) {
  auto cgroup = make("1");
  auto child = start_in(cgroup->entry_fds().value(), [] { return test::sleep_for_ever(); });
  auto control = control_of(*cgroup);
  ASSERT_TRUE(becomes_true([&] { return control.is_populated().value(); }));
  const auto removed = cgroup->remove();
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_EQ(WTERMSIG(child->wait()), SIGKILL);
  for (const auto& folder : backend_->layout().folders()) {
    EXPECT_FALSE(std::filesystem::exists(folder / "1"));
  }
  const auto usage = control.memory_usage();
  ASSERT_FALSE(usage);
  EXPECT_EQ(usage.error().code(), Errc::unavailable);
  ASSERT_TRUE(cgroup->remove());
}

TEST_P(EnvironmentCgroupTest, TheDestructorRemovesWhatIsLeft) {
  const auto folders = backend_->layout().folders();
  {
    auto cgroup = make("1");
    auto child = start_in(cgroup->entry_fds().value(), [] { return test::sleep_for_ever(); });
    auto control = control_of(*cgroup);
    // v1 has no entry at birth: what is killed must have come in first.
    ASSERT_TRUE(becomes_true([&] { return control.is_populated().value(); }));
    cgroup.reset();
    EXPECT_EQ(WTERMSIG(child->wait()), SIGKILL);
  }
  for (const auto& folder : folders) EXPECT_FALSE(std::filesystem::exists(folder / "1"));
}

}  // namespace
}  // namespace proa::launcher
