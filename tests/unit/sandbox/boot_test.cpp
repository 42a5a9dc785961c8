#include "sandbox/microvm.h"
#include "unit/sandbox/played_launcher.h"

#include <sys/stat.h>

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

TEST_F(BootTest, WithoutTheDeviceTheChoiceIsTranslationAndSaysWhy) {
  struct stat ignored {};
  if (::stat("/dev/kvm", &ignored) == 0) GTEST_SKIP() << "this host has /dev/kvm";
  auto chosen = std::make_shared<std::optional<AcceleratorChoice>>();
  const auto choose = [&]() -> boost::asio::awaitable<void> {
    launcher::GuestPlan plan;
    plan.kernel = std::string(32, 'a');
    plan.tsc_khz = 2'000'000;
    *chosen = co_await choose_accelerator(io_.get_executor(), *client_, std::move(plan));
  };
  boost::asio::co_spawn(io_, choose(), [](const std::exception_ptr&) {});
  run_ready();
  ASSERT_TRUE(*chosen);
  EXPECT_EQ((*chosen)->accelerator, launcher::Accelerator::tcg);
  EXPECT_EQ((*chosen)->reason, "there is no /dev/kvm");
}

TEST(TscKhz, IsThatOfAProcessorOfToday) {
  const auto khz = measure_tsc_khz();
  ASSERT_TRUE(khz) << khz.error().message();
  EXPECT_GT(khz.value(), 500'000U);
  EXPECT_LT(khz.value(), 10'000'000U);
}

}  // namespace
}  // namespace proa::sandbox
