#include "sandbox/slot.h"

#include "unit/launcher/cgroup_fixture.h"
#include "unit/sandbox/played_launcher.h"

#include <gtest/gtest.h>

namespace proa::sandbox {
namespace {

using test::kSlot;

class SlotTest : public test::PlayedLauncherTest {
 protected:
  void acquire() {
    const auto outcome = begin(slot_.acquire(777));
    EXPECT_EQ(give_slot(), 777U);
    ASSERT_TRUE(finish(outcome));
  }
  /// What the launcher is asked for; it agrees.
  std::optional<launcher::ConfigureSlot> configure(std::uint32_t memory_mib, ProcessorShare share) {
    SandboxLimits limits;
    limits.memory = Bytes::mib(300);
    limits.memory_mib = memory_mib;
    limits.network = model::NetworkPolicy::lan;
    const auto configured = begin(slot_.configure(limits, share));
    auto wish = request_at<launcher::ConfigureSlot>(pool_);
    if (wish) answer(pool_, done(wish->request));
    EXPECT_TRUE(finish(configured));
    return wish;
  }

  Slot slot_{*client_};
};

TEST_F(SlotTest, IsTheOneTheLauncherGaveWithItsSockets) {
  EXPECT_FALSE(slot_.is_acquired());
  acquire();
  ASSERT_TRUE(slot_.is_acquired());
  EXPECT_EQ(slot_.id(), kSlot);
  EXPECT_TRUE(slot_.sockets().runtime_api);
  EXPECT_TRUE(slot_.sockets().lambda_api);
}

TEST_F(SlotTest, IsAskedForWithItsUse) {
  Slot guests(*client_, launcher::SlotUse::guest);
  for (auto* slot : {&slot_, &guests}) {
    const auto outcome = begin(slot->acquire(777));
    const auto wish = request_at<launcher::AcquireSlot>(pool_);
    ASSERT_TRUE(wish);
    EXPECT_EQ(wish->use == launcher::SlotUse::guest, slot == &guests);
    answer(pool_, launcher::make_failed(wish->request, Error(Errc::exhausted, "no slot is left")));
    EXPECT_FALSE(finish(outcome));
  }
}

TEST_F(SlotTest, WhatTheLauncherRefusesIsNotAcquired) {
  const auto outcome = begin(slot_.acquire(777));
  const auto wish = request_at<launcher::AcquireSlot>(pool_);
  ASSERT_TRUE(wish);
  answer(pool_, launcher::make_failed(wish->request, Error(Errc::exhausted, "no slot is left")));
  EXPECT_EQ(finish(outcome).error().code(), Errc::exhausted);
  EXPECT_FALSE(slot_.is_acquired());
}

TEST_F(SlotTest, LimitsAndNetworkGoToThePoolRole) {
  acquire();
  SandboxLimits limits;
  limits.memory = Bytes::mib(300);
  limits.memory_mib = 256;
  limits.pids = 99;
  limits.network = model::NetworkPolicy::lan;
  const auto configured = begin(slot_.configure(limits, ProcessorShare::of_function));
  const auto wish = request_at<launcher::ConfigureSlot>(pool_);
  ASSERT_TRUE(wish);
  EXPECT_EQ(wish->slot, kSlot);
  EXPECT_EQ(wish->limits.memory_bytes, Bytes::mib(300).count());
  EXPECT_EQ(wish->limits.memory_mib, 256U);
  EXPECT_EQ(wish->limits.pids, 99U);
  EXPECT_EQ(wish->network, launcher::Network::lan);
  answer(pool_, launcher::make_failed(wish->request, Error(Errc::os, "pids.max does not take it")));
  EXPECT_NE(finish(configured).error().message().find("pids.max"), std::string::npos);
}

TEST_F(SlotTest, ItsShareOfTheProcessorsIsChangedAlone) {
  using enum ProcessorShare;
  acquire();
  EXPECT_EQ(configure(256, of_start)->limits.memory_mib, kWholeProcessorMib);
  for (const auto& [share, memory_mib] :
       {std::pair(of_function, 256U), std::pair(of_start, kWholeProcessorMib)}) {
    const auto changed = begin(slot_.set_processor_share(share));
    const auto wish = request_at<launcher::ConfigureSlot>(pool_);
    ASSERT_TRUE(wish);
    EXPECT_EQ(wish->limits.memory_mib, memory_mib);
    EXPECT_EQ(wish->limits.memory_bytes, Bytes::mib(300).count());
    EXPECT_EQ(wish->network, launcher::Network::lan);
    answer(pool_, done(wish->request));
    ASSERT_TRUE(finish(changed));
    ASSERT_TRUE(await(slot_.set_processor_share(share))) << "it is that already";
    EXPECT_FALSE(request_at<launcher::ConfigureSlot>(pool_));
  }
}

TEST_F(SlotTest, AFunctionWithMoreThanAProcessorStartsWithItsOwnShare) {
  acquire();
  EXPECT_EQ(configure(3'000, ProcessorShare::of_start)->limits.memory_mib, 3'000U);
  ASSERT_TRUE(await(slot_.set_processor_share(ProcessorShare::of_function)));
  EXPECT_FALSE(request_at<launcher::ConfigureSlot>(pool_)) << "nothing changes by it";
}

TEST_F(SlotTest, AShareThatWasRefusedIsAskedForAgain) {
  acquire();
  configure(256, ProcessorShare::of_start);
  for (int i = 0; i < 2; ++i) {
    const auto changed = begin(slot_.set_processor_share(ProcessorShare::of_function));
    const auto wish = request_at<launcher::ConfigureSlot>(pool_);
    ASSERT_TRUE(wish);
    answer(pool_, launcher::make_failed(wish->request, Error(Errc::os, "cpu.max")));
    EXPECT_EQ(finish(changed).error().code(), Errc::os);
  }
}

TEST_F(SlotTest, WithoutControlGroupsFreezingIsUnsupportedAndNothingIsCounted) {
  EXPECT_FALSE(slot_.usage_reader());
  acquire();
  EXPECT_EQ(slot_.freeze().error().code(), Errc::unsupported);
  EXPECT_EQ(slot_.thaw().error().code(), Errc::unsupported);
  EXPECT_EQ(slot_.run_on("0").error().code(), Errc::unsupported);
  EXPECT_FALSE(slot_.memory_peak());
  EXPECT_EQ(slot_.oom_kills(), 0U);
  const auto usage = slot_.usage_reader()();
  EXPECT_FALSE(usage.memory);
  EXPECT_FALSE(usage.cpu_time);
}

TEST_F(SlotTest, WithoutAControlGroupThatKillsTheLauncherIsAsked) {
  acquire();
  slot_.kill();
  run_ready();
  const auto kill = request_at<launcher::KillSandbox>(spawn_);
  ASSERT_TRUE(kill);
  EXPECT_EQ(kill->slot, kSlot);
}

// With version 1 alone, where the launcher kills and the kernel keeps a frozen process from ending.
TEST_F(SlotTest, AFrozenProcessThatIsKilledEnds) {
  if (::geteuid() != 0) GTEST_SKIP() << "control groups are made by root here";
  launcher::CgroupOptions options;
  options.instance = launcher::test::fresh_instance();
  options.only = os::CgroupKind::v1;
  const auto backend = launcher::CgroupBackend::detect(options);
  if (!backend) GTEST_SKIP() << backend.error().message();
  const auto cgroup = std::move(backend.value()->create("1").value());
  const auto child = launcher::test::start_in(cgroup->entry_fds().value(),
                                              [] { return launcher::test::sleep_for_ever(); });
  const auto outcome = begin(slot_.acquire(777));
  const auto files = std::move(cgroup->daemon_files().value());
  ASSERT_TRUE(files.freeze);
  auto fds = files.fds();
  fds.insert(fds.end(), {runtime_api_.get(), lambda_api_.get()});
  auto given = done(request_at<launcher::AcquireSlot>(pool_)->request);
  given.detail = files.shape();
  answer(pool_, given, fds);
  ASSERT_TRUE(finish(outcome));
  const auto freezer = *backend.value()->layout().folder_of("freezer") / "1";
  const auto is_in = [&] { return !launcher::test::content_of(freezer / "tasks").empty(); };
  ASSERT_TRUE(launcher::test::becomes_true(is_in));
  ASSERT_TRUE(slot_.freeze());
  const auto is_frozen = [&] {
    return launcher::test::content_of(freezer / "freezer.state") == "FROZEN\n";
  };
  ASSERT_TRUE(launcher::test::becomes_true(is_frozen));
  slot_.kill();
  ASSERT_TRUE(request_at<launcher::KillSandbox>(spawn_));
  ::kill(child->pid(), SIGKILL);  // as the spawn role does
  const auto has_ended = [&] {
    siginfo_t news{};
    return ::waitid(P_PID, static_cast<id_t>(child->pid()), &news, WEXITED | WNOHANG | WNOWAIT) ==
               0 &&
           news.si_pid == child->pid();
  };
  EXPECT_TRUE(launcher::test::becomes_true(has_ended));
}

TEST_F(SlotTest, ReleasingClosesTheSocketsAndGivesItBack) {
  acquire();
  slot_.release();
  run_ready();
  EXPECT_FALSE(slot_.is_acquired());
  EXPECT_FALSE(slot_.sockets().runtime_api);
  EXPECT_FALSE(slot_.sockets().lambda_api);
  const auto release = request_at<launcher::ReleaseSlot>(pool_);
  ASSERT_TRUE(release);
  EXPECT_EQ(release->slot, kSlot);
}

}  // namespace
}  // namespace proa::sandbox
