#include "sandbox/microvm.h"
#include "unit/sandbox/played_launcher.h"

#include <csignal>
#include <utility>

namespace proa::sandbox {
namespace {

using namespace std::chrono_literals;

class BootTest : public test::PlayedLauncherTest {
 protected:
  ~BootTest() override { client_->disconnect(); }
};

TEST_F(BootTest, WithoutALauncherNoGuestBoots) {
  launcher::GuestPlan plan;
  plan.kernel = std::string(32, 'a');
  client_->disconnect();
  const auto booted = await(boot_guest(io_.get_executor(), *client_, std::move(plan), 1000ms));
  ASSERT_FALSE(booted);
  EXPECT_EQ(booted.error().code(), Errc::unavailable);
}

TEST_F(BootTest, TheBootThatWorkedIsReportedWithItsTimeAndTheGuestIsEnded) {
  launcher::GuestPlan plan;
  plan.kernel = std::string(32, 'a');
  plan.memory_mib = 64;
  plan.tsc_khz = 2'000'000;
  const auto outcome = begin(boot_guest(io_.get_executor(), *client_, std::move(plan), 10s));
  give_slot();
  answer(pool_, done(request_at<launcher::ConfigureSlot>(pool_)->request));
  const auto port = std::move(os::stream_pair().value());
  const auto console = std::move(os::stream_pair().value());
  answer(spawn_, done(request_at<launcher::StartGuest>(spawn_)->request),
         {port.second.get(), console.second.get()});
  say_at(port.first, frames::Type::init_up, std::string("\0\0\x20\0\0\0\0\0", 8));
  EXPECT_TRUE(request_at<launcher::KillSandbox>(spawn_));
  report_exit(SIGKILL);
  const auto booted = finish(outcome);
  ASSERT_TRUE(booted) << booted.error().message();
  EXPECT_EQ(booted.value().accelerator, launcher::Accelerator::tcg);
  EXPECT_LT(booted.value().took, 10s);
  EXPECT_EQ(booted.value().available, Bytes::mib(2));
  EXPECT_TRUE(request_at<launcher::ReleaseSlot>(pool_));
}

/// With a device that is there, and limits that a machine which is silent reaches at once.
class AcceleratorTest : public BootTest {
 protected:
  AcceleratorTest() {
    trial_.device = "/dev/null";
    trial_.kvm_limit = 10s;
    trial_.tcg_limit = 10s;
  }
  /// Asks once more.
  frames::Outcome<AcceleratorChoice> ask() {
    if (!chooser_) {
      chooser_ = std::make_unique<AcceleratorChooser>(io_.get_executor(), *client_, trial_);
    }
    launcher::GuestPlan plan;
    plan.kernel = std::string(32, 'a');
    plan.memory_mib = 64;
    plan.tsc_khz = 2'000'000;
    return begin(chooser_->choose(std::move(plan)));
  }
  /// Until the launcher is asked for a machine.
  launcher::StartGuest boot() {
    give_slot();
    answer(pool_, done(request_at<launcher::ConfigureSlot>(pool_)->request));
    while (launcher::test::is_readable(spawn_.get(), 0)) {  // kills of the one before
      if (const auto start = request_at<launcher::StartGuest>(spawn_)) return *start;
    }
    ADD_FAILURE() << "no machine is asked for";
    return {};
  }
  void refuse(const launcher::StartGuest& start, Errc code) {
    answer(spawn_, launcher::make_failed(start.request, Error(code, "no QEMU")));
    EXPECT_TRUE(request_at<launcher::ReleaseSlot>(pool_));
  }
  /// QEMU runs; our ends of its port and console.
  std::pair<os::UniqueFd, os::UniqueFd> run(const launcher::StartGuest& start) {
    auto port = std::move(os::stream_pair().value());
    auto console = std::move(os::stream_pair().value());
    answer(spawn_, done(start.request), {port.second.get(), console.second.get()});
    return {std::move(port.first), std::move(console.first)};
  }
  /// The machine is ended, and its slot given back.
  void end_machine() {
    report_exit(SIGKILL);
    EXPECT_TRUE(request_at<launcher::ReleaseSlot>(pool_));
  }
  void come_up_and_end(const launcher::StartGuest& start) {
    const auto ends = run(start);
    say_at(ends.first, frames::Type::init_up, std::string("\0\0\x20\0\0\0\0\0", 8));
    end_machine();
  }
  bool asks_for_a_slot() { return launcher::test::is_readable(pool_.get(), 0); }

  AcceleratorTrial trial_;
  std::unique_ptr<AcceleratorChooser> chooser_;
};

TEST_F(AcceleratorTest, WithoutTheDeviceTheChoiceIsTranslationAndSaysWhy) {
  trial_.device = "/dev/no-such-device";
  const auto chosen = finish(ask());
  ASSERT_TRUE(chosen) << chosen.error().message();
  EXPECT_EQ(chosen.value().accelerator, launcher::Accelerator::tcg);
  EXPECT_EQ(chosen.value().reason, "there is no /dev/no-such-device");
  EXPECT_FALSE(asks_for_a_slot());
}

TEST_F(AcceleratorTest, AGuestThatBootsByKvmIsTheChoiceForAllWhoAsk) {
  const auto first = ask();
  const auto second = ask();
  const auto start = boot();
  EXPECT_EQ(start.accelerator, launcher::Accelerator::kvm);
  come_up_and_end(start);
  for (const auto& outcome : {first, second}) {
    const auto chosen = finish(outcome);
    ASSERT_TRUE(chosen) << chosen.error().message();
    EXPECT_EQ(chosen.value().accelerator, launcher::Accelerator::kvm);
    EXPECT_TRUE(chosen.value().reason.starts_with("a guest booted by KVM in "));
  }
  EXPECT_TRUE(finish(ask()));
  EXPECT_FALSE(asks_for_a_slot());
}

TEST_F(AcceleratorTest, KvmThatTakesAGuestAndNeverRunsItIsTranslationFromThenOn) {
  trial_.kvm_limit = 1ms;
  const auto outcome = ask();
  const auto ends = run(boot());
  while (!launcher::test::is_readable(spawn_.get(), 0)) {  // until the limit ends it
    io_.restart();
    io_.run_one();
  }
  end_machine();
  const auto chosen = finish(outcome);
  ASSERT_TRUE(chosen) << chosen.error().message();
  EXPECT_EQ(chosen.value().accelerator, launcher::Accelerator::tcg);
  EXPECT_TRUE(chosen.value().reason.starts_with("KVM: the guest did not answer within 1 ms"));
  EXPECT_TRUE(finish(ask()));
  EXPECT_FALSE(asks_for_a_slot()) << "it is kept";
}

TEST_F(AcceleratorTest, ARefusalThatIsNotKvmsIsToldToAllAndTheNextOneTriesAgain) {
  const auto first = ask();
  const auto second = ask();
  refuse(boot(), Errc::unsupported);
  for (const auto& outcome : {first, second}) {
    const auto chosen = finish(outcome);
    ASSERT_FALSE(chosen);
    EXPECT_EQ(chosen.error().code(), Errc::unsupported);
  }
  EXPECT_FALSE(chooser_->choice());
  const auto again = ask();
  come_up_and_end(boot());
  EXPECT_EQ(finish(again).value().accelerator, launcher::Accelerator::kvm);
}

TEST_F(AcceleratorTest, AGuestThatEndsUnderKvmIsTriedTranslated) {
  const auto outcome = ask();
  {
    const auto ends = run(boot());
    ASSERT_EQ(::write(ends.second.get(), "no KVM\nhere", 11), 11);
    run_ready();
    report_exit(1 << 8);
    EXPECT_TRUE(request_at<launcher::ReleaseSlot>(pool_));
  }
  const auto start = boot();
  EXPECT_EQ(start.accelerator, launcher::Accelerator::tcg);
  come_up_and_end(start);
  const auto chosen = finish(outcome);
  ASSERT_TRUE(chosen) << chosen.error().message();
  EXPECT_EQ(chosen.value().accelerator, launcher::Accelerator::tcg);
  EXPECT_TRUE(chosen.value().reason.ends_with("no KVM here")) << chosen.value().reason;
}

TEST_F(AcceleratorTest, AKernelThatEndsEitherWayIsNoChoice) {
  const auto outcome = ask();
  for (int i = 0; i < 2; ++i) {
    const auto ends = run(boot());
    report_exit(1 << 8);
    EXPECT_TRUE(request_at<launcher::ReleaseSlot>(pool_));
  }
  const auto chosen = finish(outcome);
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code(), Errc::unavailable);
  EXPECT_FALSE(chooser_->choice());
}

TEST(TscKhz, IsThatOfAProcessorOfToday) {
  const auto khz = measure_tsc_khz();
  ASSERT_TRUE(khz) << khz.error().message();
  EXPECT_GT(khz.value(), 500'000U);
  EXPECT_LT(khz.value(), 10'000'000U);
}

}  // namespace
}  // namespace proa::sandbox
