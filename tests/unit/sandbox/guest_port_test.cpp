// The daemon's end of a port against the real guest's end, which serves a socket in a process of
// its own. In a machine: tests/compat/.
#include "sandbox/microvm/guest_port.h"

#include "frames/init/guest.h"
#include "os/seqpacket.h"
#include "unit/frames/init_program.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cstring>
#include <deque>
#include <string>
#include <vector>

namespace proa::sandbox {
namespace {

using frames::Service;
using frames::Type;
using namespace std::chrono_literals;

class GuestPortTest : public testing::Test {
 protected:
  ~GuestPortTest() override {
    if (port_) {
      port_->close();
      boost::asio::co_spawn(io_, join(), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
      });
      run_until([&] { return is_joined_; });
    }
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  /// Joined to the test, which is the guest.
  void adopt(os::UniqueFd port) {
    GuestPort::Events events;
    events.frame = [this](Type type, std::string_view) {
      frames_.push_back(type);
      return type != Type::parked;
    };
    events.connection = [this](Service service, os::UniqueFd socket) {
      connections_.emplace_back(service, std::move(socket));
    };
    events.ended = [this] { ++ends_; };
    auto port_made = GuestPort::adopt(io_.get_executor(), std::move(port), std::move(events));
    ASSERT_TRUE(port_made) << port_made.error().message();
    port_ = std::move(port_made.value());
  }
  void adopt_pair() {
    auto pair = std::move(os::stream_pair().value());
    guest_ = std::move(pair.first);
    adopt(std::move(pair.second));
  }
  /// Joined to the guest's first process without a machine.
  void start_guest() {
    auto pair = std::move(os::stream_pair().value());
    const int theirs = pair.second.get();
    constexpr unsigned long kFlags = CLONE_NEWPID | CLONE_NEWNET | SIGCHLD;
    pid_ = static_cast<pid_t>(::syscall(SYS_clone, kFlags, nullptr, nullptr, nullptr, nullptr));
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      pair.first.reset();
      ::fcntl(theirs, F_SETFL, O_NONBLOCK);
      const os::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM, 0));
      ifreq loopback{};
      std::memcpy(loopback.ifr_name, "lo", 3);
      loopback.ifr_flags = IFF_UP;
      ::ioctl(socket.get(), SIOCSIFFLAGS, &loopback);
      ::_exit(static_cast<int>(frames::init::serve_port(theirs, true)));
    }
    adopt(std::move(pair.first));
    ASSERT_TRUE(run_until([&] { return has(Type::init_up); }));
  }

  template <class Condition>
  bool run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_for(5ms);
    }
    return true;
  }
  bool has(Type type) const {
    return std::find(frames_.begin(), frames_.end(), type) != frames_.end();
  }
  Result<RuntimeProcess> start(const std::string& script) {
    const std::vector<std::string_view> words{"/bin/bash", "-c", script};
    const std::vector<std::string_view> variables{"PATH=/usr/bin:/bin"};
    const frames::StartSpec spec{.uid = frames::kFunctionUid,
                                 .gid = frames::kFunctionGid,
                                 .descriptors = 5,
                                 .directory = "/",
                                 .arguments = words,
                                 .variables = variables};
    std::string body(frames::start_body_size(spec), '\0');
    EXPECT_EQ(frames::encode_start(spec, std::as_writable_bytes(std::span(body))),
              frames::Status::ok);
    return port_->start_process(body);
  }
  /// What comes at a socket of ours until `size` bytes are there, or its end.
  std::string read(const os::UniqueFd& socket, std::size_t size) {
    std::string text;
    std::array<char, 4096> piece{};
    run_until([&] {
      for (;;) {
        const ssize_t count = ::recv(socket.get(), piece.data(),
                                     std::min(piece.size(), size - text.size()), MSG_DONTWAIT);
        if (count < 0) return false;
        text.append(piece.data(), static_cast<std::size_t>(count));
        if (count == 0 || text.size() == size) return true;
      }
    });
    return text;
  }
  static void write(const os::UniqueFd& socket, std::string_view text) {
    EXPECT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  static std::string frame_of(Type type, const std::string& body) {
    std::string frame(frames::kHeaderSize, '\0');
    frames::encode_header({.body_size = static_cast<std::uint32_t>(body.size()), .type = type},
                          std::as_writable_bytes(std::span(frame)).first<frames::kHeaderSize>());
    return frame + body;
  }
  /// A frame that the test says as the guest.
  void say(Type type, const std::string& body) const { write(guest_, frame_of(type, body)); }
  static std::string number(std::uint32_t value) {
    std::string text(4, '\0');
    for (std::size_t i = 0; i < 4; ++i) text[i] = static_cast<char>(value >> (8 * i));
    return text;
  }

  boost::asio::io_context io_{1};
  std::unique_ptr<GuestPort> port_;
  os::UniqueFd guest_;
  pid_t pid_ = -1;
  std::vector<Type> frames_;
  std::deque<std::pair<Service, os::UniqueFd>> connections_;  // which stay where they are
  int ends_ = 0;

 private:
  boost::asio::awaitable<void> join() {
    co_await port_->join();
    is_joined_ = true;
  }

  bool is_joined_ = false;
};

constexpr std::size_t kUntilItEnds = 100'000'000;

class RealGuestPortTest : public GuestPortTest {
 protected:
  void SetUp() override {
    if (const auto obstacle = frames::InitProgram::obstacle()) GTEST_SKIP() << *obstacle;
    start_guest();
  }
};

TEST_F(RealGuestPortTest, AProcessGetsCallsAndGivesAnswersAndOutput) {
  auto process = start("echo printed; read -u 3 word; echo \"answer to $word\" >&4");
  ASSERT_TRUE(process) << process.error().message();
  write(process.value().link.out, "a call\n");
  EXPECT_EQ(read(process.value().link.in, kUntilItEnds), "answer to a call\n");
  EXPECT_EQ(read(process.value().output, kUntilItEnds), "printed\n");
  EXPECT_TRUE(run_until([&] { return has(Type::exited); }));
  EXPECT_EQ(ends_, 0);
}

TEST_F(RealGuestPortTest, OutputThatNobodyReadsHoldsUpNoCallsAndNoConnections) {
  constexpr std::size_t kFlood = 3'000'000;
  auto process = start(
      "read -u 3 word; exec 5<>/dev/tcp/127.0.0.1/9001; head -c 3000000 /dev/zero & "
      "read -u 5 more; echo \"$word $more\" >&4; wait");
  ASSERT_TRUE(process);
  write(process.value().link.out, "a call\n");
  ASSERT_TRUE(run_until([&] { return !connections_.empty(); }));
  write(connections_.front().second, "and more\n");
  EXPECT_EQ(read(process.value().output, kFlood).size(), kFlood);
  EXPECT_EQ(read(process.value().link.in, kUntilItEnds), "a call and more\n");
}

TEST_F(RealGuestPortTest, AllThatWasPrintedBeforeAnAnswerIsThereBeforeIt) {
  constexpr std::size_t kPrinted = 1'000'000;
  auto process = start("head -c 1000000 /dev/zero; echo answer >&4; read -u 3 word");
  ASSERT_TRUE(process);
  // Of what the socket, the window and the pipe hold nobody has read the end when the answer comes.
  std::size_t before = 0;
  std::string answer;
  ASSERT_TRUE(run_until([&] {
    std::array<char, 4096> piece{};
    const ssize_t some =
        ::recv(process.value().link.in.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (some > 0) answer.assign(piece.data(), static_cast<std::size_t>(some));
    if (!answer.empty()) return true;
    const ssize_t count =
        ::recv(process.value().output.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count > 0) before += static_cast<std::size_t>(count);
    return false;
  }));
  EXPECT_EQ(answer, "answer\n");
  int waiting = 0;
  ASSERT_EQ(::ioctl(process.value().output.get(), FIONREAD, &waiting), 0);
  EXPECT_EQ(before + static_cast<std::size_t>(waiting), kPrinted);
  write(process.value().link.out, "end\n");
  EXPECT_TRUE(run_until([&] { return has(Type::exited); }));
}

TEST_F(RealGuestPortTest, CallsLongerThanAWindowArriveWhole) {
  auto process = start("head -c 1000000 <&3 | md5sum >&4");
  ASSERT_TRUE(process);
  const std::string piece(10'000, 'x');
  for (int i = 0; i < 100; ++i) {
    std::size_t sent = 0;
    ASSERT_TRUE(run_until([&] {
      const ssize_t count = ::send(process.value().link.out.get(), piece.data() + sent,
                                   piece.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) sent += static_cast<std::size_t>(count);
      return sent == piece.size();
    }));
  }
  EXPECT_EQ(read(process.value().link.in, 32), "ec78dbd963d2fc01e51176ed4dec299e")
      << "of a million x";
}

TEST_F(RealGuestPortTest, AConnectionFromInsideIsServedBothWays) {
  auto process = start(
      "exec 5<>/dev/tcp/127.0.0.1/9001; echo question >&5; read -u 5 word; echo \"got $word\"");
  ASSERT_TRUE(process);
  ASSERT_TRUE(run_until([&] { return !connections_.empty(); }));
  EXPECT_EQ(connections_[0].first, Service::runtime_api);
  EXPECT_EQ(read(connections_[0].second, 9), "question\n");
  write(connections_[0].second, "the answer\n");
  EXPECT_EQ(read(process.value().output, kUntilItEnds), "got the answer\n");
  EXPECT_EQ(read(connections_[0].second, kUntilItEnds), "") << "it is closed with its process";
}

TEST_F(RealGuestPortTest, ConnectionsAreUsedAgainWhenTheyAreOver) {
  auto process = start(
      "for i in $(seq 40); do exec 5<>/dev/tcp/127.0.0.1/9002; read -u 5 word; exec 5<&-; done; "
      "echo done");
  ASSERT_TRUE(process);
  for (std::size_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(run_until([&] { return connections_.size() > i; })) << i;
    EXPECT_EQ(connections_[i].first, Service::lambda_api);
    write(connections_[i].second, "word\n");
    EXPECT_EQ(read(connections_[i].second, kUntilItEnds), "");
    connections_[i].second.reset();
  }
  EXPECT_EQ(read(process.value().output, kUntilItEnds), "done\n");
}

TEST_F(RealGuestPortTest, TheNextProcessComesWhenTheLastOnesStreamsAreOver) {
  auto first = start("sleep 60");
  ASSERT_TRUE(first);
  EXPECT_EQ(start("true").error().code(), Errc::unavailable);
  port_->kill_all();
  ASSERT_TRUE(run_until([&] { return has(Type::killed); }));
  const auto over = frames::await(io_, port_->process_over(std::chrono::steady_clock::now() + 20s));
  ASSERT_TRUE(over) << over.error().message();
  auto second = start("echo again");
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(read(second.value().output, kUntilItEnds), "again\n");
}

TEST_F(RealGuestPortTest, WhatCameBeforeTheEndIsDelivered) {
  auto process = start("echo last words; sleep 60");
  ASSERT_TRUE(process);
  // Not read before the guest is gone.
  run_until([&] {
    char byte = 0;
    return ::recv(process.value().output.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
  });
  ::kill(pid_, SIGKILL);
  ASSERT_TRUE(run_until([&] { return ends_ == 1; }));
  EXPECT_EQ(read(process.value().output, kUntilItEnds), "last words\n");
  EXPECT_EQ(read(process.value().link.in, kUntilItEnds), "");
  EXPECT_EQ(start("true").error().code(), Errc::unavailable);
}

TEST_F(GuestPortTest, GarbageClosesThePort) {
  adopt_pair();
  write(guest_, std::string(64, '\xff'));
  EXPECT_TRUE(run_until([&] { return ends_ == 1; }));
  EXPECT_EQ(read(guest_, kUntilItEnds), "");
}

TEST_F(GuestPortTest, AFrameThatMakesNoSenseToItsOwnerClosesThePort) {
  adopt_pair();
  say(Type::init_up, "");
  ASSERT_TRUE(run_until([&] { return has(Type::init_up); }));
  EXPECT_EQ(ends_, 0);
  say(Type::parked, "");
  EXPECT_TRUE(run_until([&] { return ends_ == 1; }));
}

TEST_F(GuestPortTest, ALongFrameOfTheControlLinkClosesThePort) {
  adopt_pair();
  say(Type::exited, std::string(65, 'x'));
  EXPECT_TRUE(run_until([&] { return ends_ == 1; }));
  EXPECT_TRUE(frames_.empty());
}

TEST_F(GuestPortTest, DataForAStreamThatNeverWasClosesThePort) {
  adopt_pair();
  say(Type::stream_data, number(frames::kOutputStream) + "x");
  EXPECT_TRUE(run_until([&] { return ends_ == 1; }));
}

TEST_F(GuestPortTest, BytesWhereOnlyCallsGoCloseThePort) {
  adopt_pair();
  auto process = port_->start_process("");
  ASSERT_TRUE(process);
  say(Type::stream_data, number(frames::kCallsStream) + "x");
  EXPECT_TRUE(run_until([&] { return ends_ == 1; }));
}

TEST_F(GuestPortTest, AReaderThatHasGoneStopsItsStream) {
  adopt_pair();
  auto process = port_->start_process("");
  ASSERT_TRUE(process);
  process.value().output.reset();
  say(Type::stream_data, number(frames::kOutputStream) + "x");
  std::string start(frames::kHeaderSize, '\0');
  EXPECT_EQ(read(guest_, start.size()).size(), start.size());
  const std::string stop = read(guest_, frames::kHeaderSize + 4);
  frames::Header header;
  ASSERT_EQ(frames::decode_header(std::as_bytes(std::span(stop)), header), frames::Status::ok);
  EXPECT_EQ(header.type, Type::stream_stop);
  EXPECT_EQ(stop.substr(frames::kHeaderSize), number(frames::kOutputStream));
  EXPECT_EQ(ends_, 0);
}

/// Another port beside that of the test.
class SecondPort : public GuestPortTest {
 public:
  using GuestPortTest::adopt_pair;
  using GuestPortTest::guest_;
  using GuestPortTest::port_;
  using GuestPortTest::read;
  void TestBody() override {}
};

TEST_F(GuestPortTest, WhatATemplatesProcessSaidIsSaidAgainInItsCopies) {
  adopt_pair();
  say(Type::init_up, "");
  ASSERT_TRUE(run_until([&] { return has(Type::init_up); }));
  port_->record(4096);
  auto process = port_->start_process("");
  ASSERT_TRUE(process);
  say(Type::stream_data, number(frames::kOutputStream) + "print");
  say(Type::stream_data, number(frames::kAnswersStream) + "waits");
  port_->hold();
  say(Type::held, "");
  ASSERT_TRUE(run_until([&] { return has(Type::held); }));
  const std::string said = port_->recorded();
  EXPECT_EQ(said.size(), 2 * (frames::kHeaderSize + 4 + 5)) << "neither what was before nor held";
  SecondPort copy;
  copy.adopt_pair();
  auto taken = copy.port_->take_over_process(said);
  ASSERT_TRUE(taken) << taken.error().message();
  EXPECT_EQ(copy.read(taken.value().output, 5), "print");
  EXPECT_EQ(copy.read(taken.value().link.in, 5), "waits");
  write(taken.value().link.out, "calls");
  const std::string frame = copy.read(copy.guest_, frames::kHeaderSize + 4 + 5);
  EXPECT_EQ(frame.substr(frames::kHeaderSize), number(frames::kCallsStream) + "calls")
      << "no process was asked for";
}

TEST_F(GuestPortTest, ATemplateThatSaysTooMuchLosesItsPortAndIsNotKept) {
  constexpr std::size_t kMost = 100;
  adopt_pair();
  port_->record(kMost);
  ASSERT_TRUE(port_->start_process(""));
  say(Type::memory, std::string(kMost - frames::kHeaderSize - 60, 'x'));
  ASSERT_TRUE(run_until([&] { return has(Type::memory); }));
  EXPECT_EQ(ends_, 0);
  std::string flood;
  while (flood.size() < 64UL * 1024) flood += frame_of(Type::memory, std::string(40, 'x'));
  write(guest_, flood);
  ASSERT_TRUE(run_until([&] { return ends_ == 1; }));
  EXPECT_TRUE(port_->has_said_too_much());
  EXPECT_LE(port_->recorded().size(), kMost);
  EXPECT_EQ(frames_.size(), 2U) << "what is too much is not taken either";
}

// A copy would have it from its first moment, and its guest would know nothing of it.
TEST_F(GuestPortTest, AConnectionIsNoPartOfATemplate) {
  adopt_pair();
  port_->record(4096);
  ASSERT_TRUE(port_->start_process(""));
  say(Type::stream_open, number(frames::kFirstConnection) + number(1));
  ASSERT_TRUE(run_until([&] { return ends_ == 1; }));
  EXPECT_TRUE(connections_.empty());
  EXPECT_EQ(port_->recorded(), "");
}

TEST_F(GuestPortTest, WhatNoProcessSaidIsNotTakenOver) {
  adopt_pair();
  const auto taken = port_->take_over_process("no frame at all");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Errc::corrupt);
  EXPECT_EQ(ends_, 1);
}

}  // namespace
}  // namespace proa::sandbox
