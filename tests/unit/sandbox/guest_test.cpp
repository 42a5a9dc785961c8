// A guest between a launcher and a machine that the test plays. Real ones: tests/compat/.
#include "sandbox/microvm/guest.h"

#include "unit/sandbox/played_launcher.h"

namespace proa::sandbox {
namespace {

using test::kSlot;
using namespace std::chrono_literals;

class GuestTest : public test::PlayedLauncherTest {
 protected:
  ~GuestTest() override {
    client_->disconnect();
    EXPECT_TRUE(await(guest_.close()));
  }
  static launcher::GuestPlan plan() {
    launcher::GuestPlan plan;
    plan.kernel = std::string(32, 'a');
    plan.memory_mib = 96;
    plan.tsc_khz = 2'000'000;
    plan.needs_acpi = true;
    return plan;
  }
  /// Begins to start it, until the machine runs.
  frames::Outcome<void> begin_start(std::chrono::milliseconds limit = 10s) {
    auto outcome = begin(guest_.start(plan(), limit));
    give_slot();
    const auto limits = request_at<launcher::ConfigureSlot>(pool_);
    EXPECT_TRUE(limits);
    EXPECT_GT(limits->limits.memory_bytes, Bytes::mib(96).count()) << "QEMU takes some itself";
    EXPECT_EQ(limits->network, launcher::Network::none);
    answer(pool_, done(limits->request));
    const auto start = request_at<launcher::StartGuest>(spawn_);
    EXPECT_TRUE(start);
    EXPECT_EQ(start->slot, kSlot);
    EXPECT_EQ(start->needs_acpi, 1U);
    auto port = std::move(os::stream_pair().value());
    auto console = std::move(os::stream_pair().value());
    port_ = std::move(port.first);
    console_ = std::move(console.first);
    answer(spawn_, done(start->request), {port.second.get(), console.second.get()});
    return outcome;
  }
  void print(std::string_view text) {
    EXPECT_EQ(::write(console_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    run_ready();
  }

  Guest guest_{io_.get_executor(), *client_};
  os::UniqueFd port_;
  os::UniqueFd console_;
};

TEST_F(GuestTest, ItIsUpWhenProaInitAnswers) {
  const auto outcome = begin_start();
  EXPECT_FALSE(outcome->has_value());
  say_at(port_, frames::Type::init_up);
  ASSERT_TRUE(outcome->has_value());
  EXPECT_TRUE(**outcome);
}

TEST_F(GuestTest, OneThatStaysSilentIsGivenUpWithTheLastWordsOfItsConsole) {
  const auto outcome = begin_start(300ms);
  print("Kernel panic - not syncing: \x1b[31mno init found\n\n");
  const auto started = finish(outcome);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Errc::deadline);
  EXPECT_EQ(started.error().message(),
            "the guest did not answer within 300 ms; its console ends with:\n"
            "Kernel panic - not syncing:  [31mno init found")
      << "and no control characters on a terminal";
}

TEST_F(GuestTest, OneThatEndsBeforeSaysSoAtOnce) {
  const auto outcome = begin_start();
  print("qemu-system-x86_64: no such kernel\n");
  report_exit(1 << 8);
  const auto started = finish(outcome);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Errc::unavailable);
  EXPECT_EQ(started.error().message(),
            "the guest ended before it answered; its console ends with:\n"
            "qemu-system-x86_64: no such kernel");
}

TEST_F(GuestTest, AStepOfTheLauncherThatFailedIsNamed) {
  const auto outcome = begin_start();
  report_exit(127 << 8, 4, EINVAL);
  const auto started = finish(outcome);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message().find("mount /tmp"), std::string::npos)
      << started.error().message();
}

TEST_F(GuestTest, GarbageAtThePortEndsIt) {
  const auto outcome = begin_start();
  const std::string garbage(64, '\xff');
  ASSERT_EQ(::write(port_.get(), garbage.data(), garbage.size()), 64);
  run_ready();
  EXPECT_TRUE(request_at<launcher::KillSandbox>(spawn_));
  report_exit(SIGKILL);
  const auto started = finish(outcome);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Errc::unavailable);
}

TEST_F(GuestTest, AConsoleThatFloodsIsReadAndForgotten) {
  const auto outcome = begin_start(300ms);
  for (int i = 0; i < 300; ++i) print(std::string(4096, 'x'));
  const auto started = finish(outcome);
  ASSERT_FALSE(started);
  EXPECT_LT(started.error().message().size(), 2'200U);
}

TEST_F(GuestTest, CloseEndsTheMachineAndGivesTheSlotBack) {
  const auto outcome = begin_start();
  say_at(port_, frames::Type::init_up);
  ASSERT_TRUE(outcome->has_value());
  const auto closed = begin(guest_.close());
  EXPECT_TRUE(request_at<launcher::KillSandbox>(spawn_));
  report_exit(SIGKILL);
  ASSERT_TRUE(finish(closed));
  const auto released = request_at<launcher::ReleaseSlot>(pool_);
  ASSERT_TRUE(released);
  EXPECT_EQ(released->slot, kSlot);
}

}  // namespace
}  // namespace proa::sandbox
