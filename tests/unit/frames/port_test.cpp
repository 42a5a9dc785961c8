#include "frames/init/port.h"

#include "unit/frames/control_frames.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace proa::frames::init {
namespace {

class FakePortActions final : public PortActions {
 public:
  Started start(const StartView&, std::span<const int> descriptors) override {
    given.assign(descriptors.begin(), descriptors.end());
    return {.pid = 7, .error = 0};
  }
  KillRound kill_everyone() override { return KillRound::nobody_left; }
  void close_descriptor(int descriptor) override { closed.push_back(descriptor); }
  bool open_ends(std::span<int, kProcessDescriptors> inherited) override {
    if (!has_room) return false;
    for (std::size_t i = 0; i < inherited.size(); ++i) inherited[i] = 50 + static_cast<int>(i);
    return true;
  }
  bool set_clock(std::uint64_t time_ns) override {
    time = time_ns;
    return true;
  }
  bool memory_news(MemoryView& out) override {
    out = {.peak_bytes = 5, .oom_kills = 0};
    return std::exchange(has_news, false);
  }
  bool has_room = true;
  bool has_news = false;
  std::uint64_t time = 0;
  std::vector<int> given;
  std::vector<int> closed;
};

class PortTest : public testing::Test {
 protected:
  /// The host's bytes arrive, at most `step` at a time.
  void hear(std::string_view bytes, std::size_t step = 1 << 20) {
    while (!bytes.empty() && port_->control().state() != Control::State::stopped) {
      const auto wanted = port_->wanted();
      const std::size_t count = std::min({wanted.size(), bytes.size(), step});
      std::memcpy(wanted.data(), bytes.data(), count);
      bytes.remove_prefix(count);
      port_->received(count);
    }
  }
  std::string said() {
    const auto bytes = port_->outgoing();
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    port_->sent(text.size());
    return text;
  }
  Control::State state() { return port_->control().state(); }

  FakePortActions actions_;
  std::unique_ptr<Port> port_ = std::make_unique<Port>(actions_);
};

TEST_F(PortTest, SaysWhatMemoryThereIsWhenItComesUp) {
  port_ = std::make_unique<Port>(actions_, 0x40);
  EXPECT_EQ(said(), frame_of(Type::init_up, std::string("\x40\0\0\0\0\0\0\0", 8)));
}

TEST_F(PortTest, SaysThatItIsUpAndStartsAProcessWithItsEnds) {
  EXPECT_EQ(said(), frame_of(Type::init_up, ""));
  hear(start_frame(kProcessDescriptors), 3);
  EXPECT_EQ(state(), Control::State::running);
  EXPECT_EQ(actions_.given, (std::vector<int>{50, 51, 52, 53, 54}));
  EXPECT_EQ(actions_.closed, actions_.given) << "the process has them";
  EXPECT_NE(port_->streams().find(kOutputStream), nullptr);
}

TEST_F(PortTest, FramesOfBothKindsMayFollowEachOtherInAnyPieces) {
  const std::string data = frame_of(Type::stream_data, std::string("\x01\0\0\0abc", 7));
  for (const std::size_t step : {std::size_t{1}, std::size_t{5}, std::size_t{4096}}) {
    port_ = std::make_unique<Port>(actions_);
    hear(start_frame(kProcessDescriptors) + data + data, step);
    ASSERT_EQ(state(), Control::State::running);
    const auto unread = Streams::unread(*port_->streams().find(kCallsStream));
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(unread.data()), unread.size()), "abcabc");
  }
}

TEST_F(PortTest, BytesOfAStreamGoOutInFramesBehindWhatIsDue) {
  hear(start_frame(kProcessDescriptors));
  said();
  Stream& output = *port_->streams().find(kOutputStream);
  const auto room = port_->room(output);
  ASSERT_EQ(room.size(), kStreamPiece);
  std::memcpy(room.data(), "line\n", 5);
  port_->put(output, 5);
  EXPECT_EQ(said(), frame_of(Type::stream_data, std::string("\x03\0\0\0line\n", 9)));
}

TEST_F(PortTest, MemoryIsToldBeforeWhatItWasUsedFor) {
  hear(start_frame(kProcessDescriptors));
  said();
  Stream& answers = *port_->streams().find(kAnswersStream);
  actions_.has_news = true;
  port_->report_memory();
  std::memcpy(port_->room(answers).data(), "line\n", 5);
  port_->put(answers, 5);
  port_->report_memory();
  EXPECT_EQ(said(), frame_of(Type::memory, std::string("\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16)) +
                        frame_of(Type::stream_data, std::string("\x02\0\0\0line\n", 9)));
}

TEST_F(PortTest, ItsClockMayBeSet) {
  hear(frame_of(Type::set_clock, std::string("\x01\x02\0\0\0\0\0\0", 8)), 3);
  EXPECT_EQ(state(), Control::State::idle);
  EXPECT_EQ(actions_.time, 0x201U);
}

TEST_F(PortTest, NoMoreIsTakenThanTheHostReads) {
  hear(start_frame(kProcessDescriptors));
  said();
  Stream& output = *port_->streams().find(kOutputStream);
  Stream& answers = *port_->streams().find(kAnswersStream);
  std::size_t sent = 0;
  for (Stream* stream : {&output, &answers, &output, &answers}) {
    const auto room = port_->room(*stream);
    if (room.empty()) break;
    port_->put(*stream, room.size());
    sent += kStreamHead + room.size();
  }
  EXPECT_TRUE(port_->room(output).empty());
  EXPECT_EQ(said().size(), sent);
  EXPECT_TRUE(port_->room(output).empty() == (Streams::room(output) == 0));
}

TEST_F(PortTest, EndsAtABreach) {
  const std::vector<std::string> breaches{
      frame_of(Type::invoke, "x"),                                   // of another link
      frame_of(Type::stream_data, std::string("\x01\0\0\0abc", 7)),  // before a process
      frame_of(Type::stream_data, std::string(kStreamBodyMax + 1, 'x')),
      start_frame(kProcessDescriptors) + start_frame(kProcessDescriptors),
      frame_of(Type::set_clock, "short"),
      frame_of(Type::memory, std::string(16, '\0')),  // ours to say
      start_frame(3),  // fewer descriptors than a process in a guest has
      std::string(8, '\xff'),
  };
  for (const std::string& breach : breaches) {
    port_ = std::make_unique<Port>(actions_);
    hear(breach);
    ASSERT_EQ(state(), Control::State::stopped) << breach.substr(0, 16);
    EXPECT_EQ(port_->control().stop_reason(), Stop::protocol_error);
    EXPECT_TRUE(port_->wanted().empty());
  }
}

TEST_F(PortTest, WithoutRoomForItsEndsNoProcessStarts) {
  actions_.has_room = false;
  hear(start_frame(kProcessDescriptors));
  EXPECT_EQ(state(), Control::State::stopped);
  EXPECT_EQ(port_->control().stop_reason(), Stop::failed);
  EXPECT_TRUE(actions_.given.empty());
}

TEST_F(PortTest, TheHostMayEndBetweenFramesOnly) {
  hear(std::string(3, '\0'));
  port_->link_ended();
  EXPECT_EQ(port_->control().stop_reason(), Stop::protocol_error);
  port_ = std::make_unique<Port>(actions_);
  port_->link_ended();
  EXPECT_EQ(port_->control().stop_reason(), Stop::link_closed);
}

}  // namespace
}  // namespace proa::frames::init
