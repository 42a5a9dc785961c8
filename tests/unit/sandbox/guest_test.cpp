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
  Task<void> start(std::chrono::milliseconds limit) {
    CO_TRY(co_await guest_.take_slot(640));
    SandboxLimits limits;
    limits.memory_mib = 77;
    co_return co_await guest_.boot(plan(), limits, limit);
  }
  /// Begins to start it, until the machine runs.
  frames::Outcome<void> begin_start(std::chrono::milliseconds limit = 10s) {
    auto outcome = begin(start(limit));
    EXPECT_EQ(give_slot(), 640U);
    EXPECT_EQ(use_, launcher::SlotUse::guest);
    const auto limits = request_at<launcher::ConfigureSlot>(pool_);
    EXPECT_TRUE(limits);
    EXPECT_GT(limits->limits.memory_bytes, Bytes::mib(96).count()) << "QEMU takes some itself";
    EXPECT_EQ(limits->limits.memory_mib, 1'769U) << "it boots with a whole processor";
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
  /// The first process answers.
  void answer_up() {
    say_at(port_, frames::Type::init_up);
    EXPECT_FALSE(request_at<launcher::ConfigureSlot>(pool_)) << "it keeps its processor";
  }
  void print(std::string_view text) {
    EXPECT_EQ(::write(console_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    run_ready();
  }

  GuestPort::Events events() {
    GuestPort::Events events;
    events.frame = [this](frames::Type type, std::string_view) {
      frames_.push_back(type);
      return true;
    };
    events.ended = [this] { ++ends_; };
    return events;
  }

  std::vector<frames::Type> frames_;
  int ends_ = 0;
  Guest guest_{io_.get_executor(), *client_, events()};
  os::UniqueFd port_;
  os::UniqueFd console_;
};

TEST_F(GuestTest, ItIsUpWhenProaInitAnswers) {
  const auto outcome = begin_start();
  EXPECT_FALSE(outcome->has_value());
  answer_up();
  ASSERT_TRUE(outcome->has_value());
  EXPECT_TRUE(**outcome);
}

TEST_F(GuestTest, ItIsToldTheTimeWhenItAnswers) {
  const auto outcome = begin_start();
  answer_up();
  std::string frame(frames::kHeaderSize + frames::kSetClockSize, '\0');
  ASSERT_EQ(::read(port_.get(), frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
  frames::Header header;
  const auto bytes = std::as_bytes(std::span(frame));
  ASSERT_EQ(frames::decode_header(bytes, header), frames::Status::ok);
  EXPECT_EQ(header.type, frames::Type::set_clock);
  std::uint64_t told = 0;
  ASSERT_EQ(frames::decode_set_clock(bytes.subspan(frames::kHeaderSize), told), frames::Status::ok);
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_NEAR(static_cast<double>(told), static_cast<double>(now.count()), 5e9);
}

TEST_F(GuestTest, ItSaysWhatMemoryProcessesCanHave) {
  const auto outcome = begin_start();
  say_at(port_, frames::Type::init_up, std::string("\0\0\x40\0\0\0\0\0", 8));
  EXPECT_EQ(guest_.available(), Bytes::mib(4));
}

TEST_F(GuestTest, OneWhoseFirstWordsAreWrongIsEnded) {
  const auto outcome = begin_start();
  say_at(port_, frames::Type::init_up, "4 MiB");
  EXPECT_TRUE(request_at<launcher::KillSandbox>(spawn_));
  report_exit(SIGKILL);
  EXPECT_EQ(finish(outcome).error().code(), Errc::unavailable);
}

TEST_F(GuestTest, WhatItSaysOnceItIsUpIsForItsOwner) {
  const auto outcome = begin_start();
  answer_up();
  say_at(port_, frames::Type::killed);
  EXPECT_EQ(frames_, std::vector{frames::Type::killed});
  EXPECT_FALSE(guest_.has_ended());
  say_at(port_, frames::Type::init_up);
  EXPECT_TRUE(guest_.has_ended()) << "a first process begins once";
  EXPECT_EQ(ends_, 1);
  EXPECT_TRUE(request_at<launcher::KillSandbox>(spawn_));
}

TEST_F(GuestTest, OneThatSaysSomethingBeforeItIsUpIsEnded) {
  const auto outcome = begin_start();
  say_at(port_, frames::Type::killed);
  EXPECT_TRUE(frames_.empty());
  EXPECT_TRUE(request_at<launcher::KillSandbox>(spawn_));
  report_exit(SIGKILL);
  EXPECT_EQ(finish(outcome).error().code(), Errc::unavailable);
  EXPECT_EQ(ends_, 1);
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

TEST_F(GuestTest, AnImageThatIsGoneIsNoFunctionThatIsNotThere) {
  const auto outcome = begin(start(10s));
  give_slot();
  answer(pool_, done(request_at<launcher::ConfigureSlot>(pool_)->request));
  const auto start = request_at<launcher::StartGuest>(spawn_);
  ASSERT_TRUE(start);
  answer(spawn_, launcher::make_failed(start->request, Error(Errc::not_found, "root image")));
  const auto started = finish(outcome);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Errc::unavailable);
  EXPECT_NE(started.error().message().find("root image"), std::string::npos);
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
  answer_up();
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
