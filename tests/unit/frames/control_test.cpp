#include "frames/init/control.h"

#include "unit/frames/control_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proa::frames::init {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr pid_t kPid = 7;

/// Records what Control asks for, and answers as the test says.
class FakeActions final : public Actions {
 public:
  Started start(const StartView& view, std::span<const int> descriptors) override {
    directories.emplace_back(view.directory);
    given.assign(descriptors.begin(), descriptors.end());
    return answer;
  }
  KillRound kill_everyone() override {
    ++kills;
    return round;
  }
  void close_descriptor(int descriptor) override { closed.push_back(descriptor); }
  bool set_clock(std::uint64_t time_ns) override {
    times.push_back(time_ns);
    return has_clock;
  }
  bool restore(const RestoreView& view) override {
    restored.push_back(view.time_ns);
    return has_clock;
  }
  bool mount(const MountView& view) override {
    mounted.push_back(view.has_layers);
    return has_clock;
  }
  bool memory_news(MemoryView& out) override {
    if (!news) return false;
    out = *std::exchange(news, std::nullopt);
    return true;
  }

  Started answer{.pid = kPid, .error = 0};
  KillRound round = KillRound::signalled;
  int kills = 0;
  std::vector<std::string> directories;
  std::vector<int> given;
  std::vector<int> closed;
  std::vector<std::uint64_t> times;
  std::vector<std::uint64_t> restored;
  std::vector<bool> mounted;
  bool has_clock = true;
  std::optional<MemoryView> news;
};

class ControlTest : public testing::Test {
 protected:
  ControlTest() { control_->sent(control_->outgoing().size()); }

  /// Gives bytes to Control in the steps it asks for; the descriptors come with the first byte.
  void host_sends(std::string_view bytes, std::vector<int> descriptors = {}) {
    while (!bytes.empty() && control_->state() != Control::State::stopped) {
      const auto wanted = control_->wanted();
      ASSERT_FALSE(wanted.empty());
      const std::size_t count = std::min({wanted.size(), bytes.size(), step_});
      std::memcpy(wanted.data(), bytes.data(), count);
      bytes.remove_prefix(count);
      control_->received(count, std::exchange(descriptors, {}));
    }
  }
  void start() { host_sends(start_frame(), {10, 11, 12}); }
  /// What was queued for the host since the last look: types, and the fields of `exited`.
  std::vector<std::string> host_gets() {
    std::vector<std::string> result;
    auto bytes = control_->outgoing();
    Header header;
    while (decode_header(bytes, header) == Status::ok) {
      const auto body = bytes.subspan(kHeaderSize, header.body_size);
      bytes = bytes.subspan(kHeaderSize + header.body_size);
      if (header.type == Type::init_up) result.emplace_back("init_up");
      if (header.type == Type::killed) result.emplace_back("killed");
      if (header.type == Type::held) result.emplace_back("held");
      if (header.type == Type::restored) result.emplace_back("restored");
      if (header.type == Type::mounted) result.emplace_back("mounted");
      if (header.type == Type::memory) {
        MemoryView memory;
        EXPECT_EQ(decode_memory(body, memory), Status::ok);
        result.push_back("memory " + std::to_string(memory.peak_bytes) + " " +
                         std::to_string(memory.oom_kills));
      }
      if (header.type != Type::exited) continue;
      ExitedView view;
      EXPECT_EQ(decode_exited(body, view), Status::ok);
      result.push_back("exited " + std::to_string(view.wait_status) + " " +
                       std::to_string(view.start_errno));
    }
    control_->sent(control_->outgoing().size());
    return result;
  }
  void expect_stopped(Stop reason) {
    EXPECT_EQ(control_->state(), Control::State::stopped);
    EXPECT_EQ(control_->stop_reason(), reason);
    EXPECT_TRUE(control_->wanted().empty());
  }

  std::size_t step_ = SIZE_MAX;
  FakeActions actions_;
  std::unique_ptr<Control> control_ = std::make_unique<Control>(actions_);
};

TEST_F(ControlTest, SaysInitUpFirst) {
  control_ = std::make_unique<Control>(actions_);
  EXPECT_THAT(host_gets(), ElementsAre("init_up"));
}

TEST_F(ControlTest, StartsWhatTheFrameSaysEvenWhenItComesByteByByte) {
  step_ = 1;
  start();
  EXPECT_EQ(control_->state(), Control::State::running);
  EXPECT_THAT(actions_.directories, ElementsAre("/"));
  EXPECT_THAT(actions_.given, ElementsAre(10, 11, 12));
  EXPECT_THAT(actions_.closed, ElementsAre(10, 11, 12)) << "init keeps no copy";
  EXPECT_THAT(host_gets(), IsEmpty());
}

TEST_F(ControlTest, ReportsAFailedExecAndMayStartAgain) {
  actions_.answer = {.pid = -1, .error = ENOENT};
  start();
  EXPECT_THAT(host_gets(), ElementsAre("exited 0 2"));
  EXPECT_EQ(control_->state(), Control::State::idle);
  actions_.answer = {.pid = kPid, .error = 0};
  start();
  EXPECT_EQ(control_->state(), Control::State::running);
}

TEST_F(ControlTest, ReportsTheEndOfTheStartedProcessAndOfNoOther) {
  start();
  control_->process_ended(kPid + 1, 0);
  EXPECT_THAT(host_gets(), IsEmpty());
  control_->process_ended(kPid, 256);
  EXPECT_THAT(host_gets(), ElementsAre("exited 256 0"));
  EXPECT_EQ(control_->state(), Control::State::ended);
  control_->process_ended(kPid, 0);
  EXPECT_THAT(host_gets(), IsEmpty()) << "the number was given to an orphan";
}

TEST_F(ControlTest, RefusesASecondStartWhileOneRuns) {
  start();
  start();
  expect_stopped(Stop::protocol_error);
}

TEST_F(ControlTest, RefusesAStartBetweenTheEndOfAProcessAndKillAll) {
  start();
  control_->process_ended(kPid, 0);
  start();
  expect_stopped(Stop::protocol_error);
}

TEST_F(ControlTest, KillsInRoundsUntilNobodyIsLeft) {
  start();
  host_sends(frame_of(Type::kill_all, ""));
  EXPECT_EQ(control_->state(), Control::State::killing);
  EXPECT_EQ(actions_.kills, 1);
  control_->process_ended(kPid, 9);
  control_->kill_round_over();
  EXPECT_EQ(actions_.kills, 2);
  EXPECT_THAT(host_gets(), ElementsAre("exited 9 0"));
  actions_.round = KillRound::nobody_left;
  control_->no_children();
  EXPECT_THAT(host_gets(), ElementsAre("killed"));
  EXPECT_EQ(control_->state(), Control::State::idle);
  start();
  EXPECT_EQ(control_->state(), Control::State::running);
}

TEST_F(ControlTest, AnswersKillAllAtOnceWhenNothingRuns) {
  actions_.round = KillRound::nobody_left;
  host_sends(frame_of(Type::kill_all, ""));
  EXPECT_THAT(host_gets(), ElementsAre("killed"));
  host_sends(frame_of(Type::kill_all, ""));
  EXPECT_THAT(host_gets(), ElementsAre("killed"));
}

TEST_F(ControlTest, GivesUpOnProcessesThatDoNotEnd) {
  host_sends(frame_of(Type::kill_all, ""));
  for (int round = 1; round < Control::kKillRoundsMax; ++round) {
    control_->kill_round_over();
    ASSERT_EQ(control_->state(), Control::State::killing) << round;
  }
  control_->kill_round_over();
  expect_stopped(Stop::failed);
}

TEST_F(ControlTest, StopsWhenKillingFails) {
  actions_.round = KillRound::failed;
  host_sends(frame_of(Type::kill_all, ""));
  expect_stopped(Stop::failed);
}

TEST_F(ControlTest, RefusesFramesWhileItKills) {
  host_sends(frame_of(Type::kill_all, ""));
  host_sends(frame_of(Type::kill_all, ""));
  expect_stopped(Stop::protocol_error);
}

TEST_F(ControlTest, RefusesAWrongFrameByItsHeader) {
  const std::string oversize = frame_of(Type::start, std::string(kMaxStartBody + 1, 'x'));
  const std::string reserved = std::string("\0\0\0\0\x41\1\0\0", 8);
  for (const std::string& bytes :
       {frame_of(Type::invoke, ""), frame_of(Type::init_up, ""), frame_of(Type::kill_all, "x"),
        frame_of(Type::start, ""), frame_of(static_cast<Type>(255), ""), reserved,
        oversize.substr(0, kHeaderSize)}) {
    control_ = std::make_unique<Control>(actions_);
    host_sends(bytes);
    expect_stopped(Stop::protocol_error);
  }
  EXPECT_EQ(actions_.kills, 0);
}

TEST_F(ControlTest, RefusesABodyThatIsNoStart) {
  host_sends(frame_of(Type::start, std::string(40, '\0')), {10, 11, 12});
  expect_stopped(Stop::protocol_error);
  EXPECT_THAT(actions_.closed, ElementsAre(10, 11, 12));
  EXPECT_THAT(actions_.directories, IsEmpty());
}

TEST_F(ControlTest, RefusesAnotherNumberOfDescriptorsThanTheBodySays) {
  host_sends(start_frame(), {10, 11});
  expect_stopped(Stop::protocol_error);
  EXPECT_THAT(actions_.closed, ElementsAre(10, 11));
}

TEST_F(ControlTest, RefusesDescriptorsInTheMiddleOfAFrameAndWithKillAll) {
  const std::string bytes = start_frame();
  host_sends(bytes.substr(0, 20));
  host_sends(bytes.substr(20), {10, 11, 12});
  expect_stopped(Stop::protocol_error);
  control_ = std::make_unique<Control>(actions_);
  host_sends(frame_of(Type::kill_all, ""), {13});
  expect_stopped(Stop::protocol_error);
  EXPECT_THAT(actions_.closed, ElementsAre(10, 11, 12, 13));
}

TEST_F(ControlTest, EndsCleanlyBetweenFramesOnly) {
  control_->link_ended();
  expect_stopped(Stop::link_closed);
  control_ = std::make_unique<Control>(actions_);
  host_sends(start_frame().substr(0, 20), {10, 11, 12});
  control_->link_ended();
  expect_stopped(Stop::protocol_error);
  control_->fail(Stop::failed);
  expect_stopped(Stop::protocol_error);
}

TEST_F(ControlTest, StopsWhenTheHostAsksOnAndNeverReads) {
  actions_.round = KillRound::nobody_left;
  for (int i = 0; i < 1000 && control_->state() != Control::State::stopped; ++i) {
    host_sends(frame_of(Type::kill_all, ""));
  }
  expect_stopped(Stop::protocol_error);
}

TEST_F(ControlTest, KeepsWhatWasNotSentYet) {
  actions_.round = KillRound::nobody_left;
  host_sends(frame_of(Type::kill_all, ""));
  ASSERT_EQ(control_->outgoing().size(), kHeaderSize);
  const auto last = control_->outgoing().back();
  control_->sent(kHeaderSize - 1);
  ASSERT_EQ(control_->outgoing().size(), 1U);
  EXPECT_EQ(control_->outgoing().front(), last);
}

std::string set_clock_frame(std::uint64_t time_ns) {
  std::array<std::byte, kSetClockSize> body{};
  encode_set_clock(time_ns, body);
  return frame_of(Type::set_clock, {reinterpret_cast<const char*>(body.data()), body.size()});
}

TEST_F(ControlTest, SetsTheClockOfAGuestAtAnyTime) {
  control_ = std::make_unique<Control>(actions_, Inside::guest);
  step_ = 3;
  host_sends(set_clock_frame(5));
  start();
  host_sends(set_clock_frame(6));
  host_sends(frame_of(Type::kill_all, ""));
  EXPECT_EQ(control_->state(), Control::State::killing);
  host_sends(set_clock_frame(7));
  EXPECT_THAT(actions_.times, ElementsAre(5, 6, 7));
  EXPECT_EQ(control_->state(), Control::State::killing);
}

TEST_F(ControlTest, RefusesAClockThatIsNone) {
  for (const std::size_t size : {0U, 7U, 9U}) {
    control_ = std::make_unique<Control>(actions_, Inside::guest);
    host_sends(frame_of(Type::set_clock, std::string(size, '\0')));
    expect_stopped(Stop::protocol_error);
  }
  EXPECT_THAT(actions_.times, IsEmpty());
  control_ = std::make_unique<Control>(actions_, Inside::guest);
  actions_.has_clock = false;
  host_sends(set_clock_frame(5));
  expect_stopped(Stop::failed);
}

TEST_F(ControlTest, RefusesToSetTheClockOfTheHostOfAContainer) {
  host_sends(set_clock_frame(5));
  expect_stopped(Stop::protocol_error);
  EXPECT_THAT(actions_.times, IsEmpty());
}

std::string restore_frame(std::uint64_t time_ns) {
  std::array<std::byte, kRestoreSize> body{};
  encode_restore({.time_ns = time_ns}, body);
  return frame_of(Type::restore, {reinterpret_cast<const char*>(body.data()), body.size()});
}

TEST_F(ControlTest, AGuestHoldsUntilItIsRestored) {
  control_ = std::make_unique<Control>(actions_, Inside::guest);
  control_->sent(control_->outgoing().size());
  start();
  host_sends(frame_of(Type::hold, ""));
  EXPECT_TRUE(control_->is_held());
  EXPECT_THAT(host_gets(), ElementsAre("held"));
  host_sends(restore_frame(9));
  EXPECT_FALSE(control_->is_held());
  EXPECT_THAT(actions_.restored, ElementsAre(9));
  EXPECT_THAT(host_gets(), ElementsAre("restored"));
  EXPECT_EQ(control_->state(), Control::State::running) << "its process is there as before";
}

TEST_F(ControlTest, TakesNothingButRestoreWhileItHolds) {
  for (const std::string& frame :
       {frame_of(Type::hold, ""), frame_of(Type::kill_all, ""), set_clock_frame(5)}) {
    control_ = std::make_unique<Control>(actions_, Inside::guest);
    host_sends(frame_of(Type::hold, ""));
    host_sends(frame);
    expect_stopped(Stop::protocol_error);
  }
}

TEST_F(ControlTest, RefusesToRestoreWhatDoesNotHoldOrCannot) {
  control_ = std::make_unique<Control>(actions_, Inside::guest);
  host_sends(restore_frame(9));
  expect_stopped(Stop::protocol_error);
  control_ = std::make_unique<Control>(actions_, Inside::guest);
  host_sends(frame_of(Type::hold, ""));
  host_sends(frame_of(Type::restore, std::string(kRestoreSize - 1, '\0')));
  expect_stopped(Stop::protocol_error);
  EXPECT_THAT(actions_.restored, IsEmpty());
  control_ = std::make_unique<Control>(actions_, Inside::guest);
  actions_.has_clock = false;
  host_sends(frame_of(Type::hold, ""));
  host_sends(restore_frame(9));
  expect_stopped(Stop::failed);
  control_ = std::make_unique<Control>(actions_);
  host_sends(frame_of(Type::hold, ""));
  expect_stopped(Stop::protocol_error);
}

std::string mount_frame(bool has_layers) {
  std::array<std::byte, kMountSize> body{};
  encode_mount({.has_layers = has_layers}, body);
  return frame_of(Type::mount, {reinterpret_cast<const char*>(body.data()), body.size()});
}

TEST_F(ControlTest, AGuestMountsWhatItsFunctionHas) {
  control_ = std::make_unique<Control>(actions_, Inside::guest);
  control_->sent(control_->outgoing().size());
  start();
  host_sends(frame_of(Type::hold, "") + restore_frame(9) + mount_frame(true));
  EXPECT_THAT(actions_.mounted, ElementsAre(true));
  EXPECT_THAT(host_gets(), ElementsAre("held", "restored", "mounted"));
  EXPECT_EQ(control_->state(), Control::State::running);
}

TEST_F(ControlTest, RefusesToMountWhatIsNoneOrCannot) {
  host_sends(mount_frame(false));
  expect_stopped(Stop::protocol_error);
  control_ = std::make_unique<Control>(actions_, Inside::guest);
  host_sends(frame_of(Type::hold, "") + mount_frame(false));
  expect_stopped(Stop::protocol_error);
  control_ = std::make_unique<Control>(actions_, Inside::guest);
  host_sends(frame_of(Type::mount, std::string(kMountSize, '\2')));
  expect_stopped(Stop::protocol_error);
  EXPECT_THAT(actions_.mounted, IsEmpty());
  control_ = std::make_unique<Control>(actions_, Inside::guest);
  actions_.has_clock = false;
  host_sends(mount_frame(false));
  expect_stopped(Stop::failed);
}

TEST_F(ControlTest, TellsOfMemoryBeforeAnEndAndOnce) {
  start();
  actions_.news = MemoryView{.peak_bytes = 100, .oom_kills = 0};
  control_->report_memory();
  control_->report_memory();
  EXPECT_THAT(host_gets(), ElementsAre("memory 100 0"));
  actions_.news = MemoryView{.peak_bytes = 200, .oom_kills = 1};
  control_->process_ended(kPid, 9);
  EXPECT_THAT(host_gets(), ElementsAre("memory 200 1", "exited 9 0"));
  actions_.news = MemoryView{.peak_bytes = 300, .oom_kills = 1};
  actions_.round = KillRound::nobody_left;
  host_sends(frame_of(Type::kill_all, ""));
  EXPECT_THAT(host_gets(), ElementsAre("memory 300 1", "killed"));
}

}  // namespace
}  // namespace proa::frames::init
