#include "frames/init/guest.h"

#include "frames/streams.h"
#include "os/seqpacket.h"
#include "unit/frames/init_program.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include <array>
#include <map>
#include <string>
#include <vector>

namespace proa::frames::init {
namespace {

constexpr int kPatienceMs = 20'000;

/// A guest's first process without a machine: it serves a socket in place of its port, in pid,
/// mount and network namespaces of its own. The test is the host. No test sets the clock: it is
/// that of this machine.
class GuestTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto obstacle = InitProgram::obstacle()) GTEST_SKIP() << *obstacle;
    auto pair = std::move(os::stream_pair().value());
    port_ = std::move(pair.first);
    const int theirs = pair.second.get();
    constexpr unsigned long kFlags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | SIGCHLD;
    pid_ = static_cast<pid_t>(::syscall(SYS_clone, kFlags, nullptr, nullptr, nullptr, nullptr));
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      port_.reset();
      ::fcntl(theirs, F_SETFL, O_NONBLOCK);
      const os::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM, 0));
      ifreq loopback{};
      std::memcpy(loopback.ifr_name, "lo", 3);
      loopback.ifr_flags = IFF_UP;
      ::ioctl(socket.get(), SIOCSIFFLAGS, &loopback);
      const bool has_proc = ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                            ::mount("proc", "/proc", "proc", 0, nullptr) == 0;
      ::_exit(has_proc ? static_cast<int>(serve_port(theirs, true)) : 1);
    }
  }
  void TearDown() override {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  /// Ends the port; init's exit status.
  int end() {
    port_.reset();
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  void say(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(port_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
  void say(Type type, std::span<const std::byte> body) const {
    std::vector<std::byte> frame(kHeaderSize + body.size());
    encode_header({.body_size = static_cast<std::uint32_t>(body.size()), .type = type},
                  std::span(frame).first<kHeaderSize>());
    std::copy(body.begin(), body.end(), frame.begin() + kHeaderSize);
    say(frame);
  }
  void start(const std::string& script) {
    ASSERT_TRUE(streams_->open_process());
    const std::vector<std::string_view> words{"/bin/sh", "-c", script};
    const std::vector<std::string_view> variables{"PATH=/usr/bin:/bin"};
    const StartSpec spec{.uid = kFunctionUid,
                         .gid = kFunctionGid,
                         .descriptors = 5,
                         .directory = "/",
                         .arguments = words,
                         .variables = variables};
    std::vector<std::byte> body(start_body_size(spec));
    ASSERT_EQ(encode_start(spec, body), Status::ok);
    say(Type::start, body);
  }

  /// Takes frames until one of `type` of the control link comes; its body. What streams carry on
  /// the way stays unread.
  std::optional<std::string> next(Type type) {
    for (;;) {
      const auto frame = receive();
      if (!frame) return std::nullopt;
      if (frame->first == type) return frame->second;
      if (frame->first < Type::stream_open && frame->first != Type::memory) return std::nullopt;
    }
  }
  /// Takes frames until all streams of the process are over.
  bool drain() {
    for (;;) {
      settle();
      bool has_some = false;
      for (const Stream& stream : streams_->places()) has_some |= stream.id != 0;
      if (!has_some) return true;
      const auto frame = receive();
      if (!frame) return false;
      const bool is_control = frame->first < Type::stream_open && frame->first != Type::memory;
      if (is_control) control_.push_back(frame->first);
    }
  }
  void settle() {
    for (Stream& stream : streams_->places()) {
      if (stream.id == 0) continue;
      const auto bytes = Streams::unread(stream);
      got_[stream.id].append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      Streams::consume(stream, bytes.size());
      if (Streams::is_at_end(stream)) Streams::finish(stream);
      if (Streams::is_over(stream)) Streams::release(stream);
    }
    grant();
    for (Stream& stream : streams_->places()) {
      if (stream.id != 0 && Streams::is_over(stream)) Streams::release(stream);
    }
  }
  /// Says what is due, credit above all.
  void grant() {
    std::vector<std::byte> out(4096);
    out.resize(streams_->collect(out));
    say(out);
  }
  std::string text_of(std::uint32_t stream) {
    const auto bytes = Streams::unread(*streams_->find(stream));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  void call(std::string_view text) {
    std::vector<std::byte> out(kStreamHead + text.size());
    std::memcpy(out.data() + kStreamHead, text.data(), text.size());
    Streams::put(*streams_->find(kCallsStream), out, text.size());
    say(out);
  }

  std::optional<std::pair<Type, std::string>> receive() {
    Header header;
    while (buffer_.size() < kHeaderSize || buffer_.size() < kHeaderSize + size_of_next(header)) {
      pollfd wait{port_.get(), POLLIN, 0};
      std::array<char, 65536> piece{};
      if (::poll(&wait, 1, kPatienceMs) != 1) return std::nullopt;
      const ssize_t count = ::read(port_.get(), piece.data(), piece.size());
      if (count <= 0) return std::nullopt;
      buffer_.append(piece.data(), static_cast<std::size_t>(count));
    }
    const std::string body = buffer_.substr(kHeaderSize, header.body_size);
    buffer_.erase(0, kHeaderSize + header.body_size);
    if (header.type == Type::memory) {
      EXPECT_EQ(decode_memory(std::as_bytes(std::span(body)), memory_), Status::ok);
    }
    if (header.type >= Type::stream_open) {
      EXPECT_EQ(streams_->take(header.type, std::as_bytes(std::span(body))), Status::ok);
    }
    return std::pair(header.type, body);
  }
  std::size_t size_of_next(Header& header) const {
    EXPECT_EQ(decode_header(std::as_bytes(std::span(buffer_)), header), Status::ok);
    return header.body_size;
  }

  os::UniqueFd port_;
  pid_t pid_ = -1;
  std::string buffer_;
  std::unique_ptr<Streams> streams_ = std::make_unique<Streams>(false);
  std::map<std::uint32_t, std::string> got_;
  std::vector<Type> control_;
  MemoryView memory_;  ///< as it was told last
};

TEST_F(GuestTest, AProcessHasItsCallsItsAnswersAndItsOutput) {
  ASSERT_TRUE(next(Type::init_up));
  start("id -u; read -r line <&3; echo \"got $line\" >&4; exit 5");
  call("hello\n");
  ASSERT_TRUE(drain());
  EXPECT_EQ(got_[kOutputStream], "993\n");
  EXPECT_EQ(got_[kAnswersStream], "got hello\n");
  if (control_.empty()) {
    ASSERT_TRUE(next(Type::exited));
  }
  say(Type::kill_all, {});
  ASSERT_TRUE(next(Type::killed));
  control_.clear();
  start("echo again");
  ASSERT_TRUE(drain());
  if (control_.empty()) {
    ASSERT_TRUE(next(Type::exited)) << "else it would find its port closed before it was heard";
  }
  EXPECT_EQ(got_[kOutputStream], "993\nagain\n");
  EXPECT_EQ(end(), static_cast<int>(Stop::link_closed));
}

TEST_F(GuestTest, AFloodOfOutputIsHeldUpAndCallsAreNot) {
  ASSERT_TRUE(next(Type::init_up));
  start("read -r line <&3; echo $line >&4; head -c 3000000 /dev/zero");
  call("go\n");
  // Nobody reads the output: no more than the window comes.
  Stream& output = *streams_->find(kOutputStream);
  while (Streams::unread(output).size() < kStreamWindow) ASSERT_TRUE(receive());
  EXPECT_EQ(text_of(kAnswersStream), "go\n");
  ASSERT_TRUE(drain());
  EXPECT_EQ(got_[kOutputStream].size(), 3'000'000U);
}

// More than the stream's window and a pipe hold: it goes in pieces, and the answer is in none.
TEST_F(GuestTest, AllThatWasPrintedBeforeAnAnswerIsToldBeforeIt) {
  constexpr std::size_t kPrinted = 80'000;
  ASSERT_TRUE(next(Type::init_up));
  start("head -c 80000 /dev/zero; echo answer >&4; read -r line <&3");
  Stream& output = *streams_->find(kOutputStream);
  while (Streams::unread(output).size() < kStreamWindow) ASSERT_TRUE(receive());
  std::size_t before = 0;
  while (text_of(kAnswersStream).empty()) {
    before += Streams::unread(output).size();
    Streams::consume(output, Streams::unread(output).size());
    grant();
    ASSERT_TRUE(receive());
  }
  EXPECT_EQ(before + Streams::unread(output).size(), kPrinted);
  call("end\n");
  EXPECT_TRUE(drain());
}

TEST_F(GuestTest, WhatIsPrintedInTheBackgroundHoldsUpNoAnswer) {
  ASSERT_TRUE(next(Type::init_up));
  start("cat /dev/zero & read -r line <&3; echo answer >&4; read -r line <&3; kill $!");
  call("go\n");
  // It is read, and never ends.
  while (got_[kAnswersStream].empty()) {
    settle();
    ASSERT_TRUE(receive());
  }
  EXPECT_EQ(got_[kAnswersStream], "answer\n");
  call("end\n");
  EXPECT_TRUE(drain());
}

TEST_F(GuestTest, CallsOfAProcessThatDoesNotReadWaitAndGoWithIt) {
  ASSERT_TRUE(next(Type::init_up));
  start("sleep 60");
  const std::string piece(kStreamPiece, 'x');
  Stream& calls = *streams_->find(kCallsStream);
  // The pipe and the window fill, and then there is no credit.
  for (int i = 0; i < 64 && Streams::room(calls) == kStreamPiece; ++i) {
    call(piece);
    pollfd wait{port_.get(), POLLIN, 0};
    while (::poll(&wait, 1, 200) == 1) ASSERT_TRUE(receive());
  }
  EXPECT_LT(Streams::room(calls), kStreamPiece);
  say(Type::kill_all, {});
  ASSERT_TRUE(next(Type::exited));
  ASSERT_TRUE(next(Type::killed));
  while (!calls.peer_stopped) ASSERT_TRUE(receive());
  Streams::finish(calls);
  EXPECT_TRUE(drain());
}

TEST_F(GuestTest, AProgramThatIsNotThereIsTold) {
  ASSERT_TRUE(next(Type::init_up));
  ASSERT_TRUE(streams_->open_process());
  const std::vector<std::string_view> words{"/no/such/program"};
  const StartSpec spec{.uid = kFunctionUid,
                       .gid = kFunctionGid,
                       .descriptors = 5,
                       .directory = "/",
                       .arguments = words};
  std::vector<std::byte> body(start_body_size(spec));
  ASSERT_EQ(encode_start(spec, body), Status::ok);
  say(Type::start, body);
  const auto exited = next(Type::exited);
  ASSERT_TRUE(exited);
  ExitedView view;
  ASSERT_EQ(decode_exited(std::as_bytes(std::span(*exited)), view), Status::ok);
  EXPECT_EQ(view.start_errno, static_cast<std::uint32_t>(ENOENT));
  Streams::finish(*streams_->find(kCallsStream));
  EXPECT_TRUE(drain());
}

TEST_F(GuestTest, AConnectionInsideIsAStreamToItsService) {
  ASSERT_TRUE(next(Type::init_up));
  start(
      "/usr/bin/python3 -c 'import socket\n"
      "s = socket.create_connection((\"127.0.0.1\", 9002))\n"
      "s.sendall(b\"question\")\n"
      "s.shutdown(socket.SHUT_WR)\n"
      "print(s.recv(99).decode(), s.recv(99))'");
  Stream* connection = nullptr;
  while (connection == nullptr) {
    ASSERT_TRUE(receive());
    for (Stream& stream : streams_->places()) {
      if (stream.id != 0 && stream.is_new) connection = &stream;
    }
  }
  EXPECT_EQ(connection->service, Service::lambda_api);
  const std::uint32_t id = connection->id;
  while (!connection->peer_ended) ASSERT_TRUE(receive());
  const auto asked = Streams::unread(*connection);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(asked.data()), asked.size()), "question");
  Streams::consume(*connection, asked.size());
  std::vector<std::byte> out(kStreamHead + 6);
  std::memcpy(out.data() + kStreamHead, "answer", 6);
  Streams::put(*connection, out, 6);
  say(out);
  Streams::finish(*connection);
  ASSERT_TRUE(drain());
  EXPECT_EQ(got_[kOutputStream], "answer b''\n");
  EXPECT_EQ(streams_->find(id), nullptr);
}

TEST_F(GuestTest, MemoryIsToldBeforeTheAnswerThatTookIt) {
  constexpr std::uint64_t kSome = 64U << 20;
  ASSERT_TRUE(next(Type::init_up));
  start(
      "exec /usr/bin/python3 -c 'import os\n"
      "x = bytearray(64 << 20)\n"
      "os.write(4, b\"answer\")\n"
      "os.read(3, 1)\n"
      "del x\n"
      "x = bytearray(96 << 20)'");
  Stream& answers = *streams_->find(kAnswersStream);
  while (Streams::unread(answers).empty()) ASSERT_TRUE(receive());
  EXPECT_GE(memory_.peak_bytes, kSome);
  EXPECT_LT(memory_.peak_bytes, 2 * kSome) << "of this guest's processes and no others";
  call("x");
  ASSERT_TRUE(next(Type::exited));
  EXPECT_GE(memory_.peak_bytes, kSome + kSome / 2) << "which nobody could sample";
  EXPECT_TRUE(drain());
}

TEST_F(GuestTest, AClockThatIsNoneEndsIt) {
  ASSERT_TRUE(next(Type::init_up));
  say(Type::set_clock, std::array<std::byte, 7>{});
  EXPECT_FALSE(next(Type::init_up));
  EXPECT_EQ(end(), static_cast<int>(Stop::protocol_error));
}

TEST_F(GuestTest, AProcessIsAsOrdinaryAsOnAMachineOfItsOwn) {
  ASSERT_TRUE(next(Type::init_up));
  start("cat /proc/self/oom_score_adj");
  ASSERT_TRUE(drain());
  EXPECT_EQ(got_[kOutputStream], "0\n");
}

TEST_F(GuestTest, ABreachEndsIt) {
  ASSERT_TRUE(next(Type::init_up));
  const std::array<std::byte, 4> body{std::byte{99}};
  say(Type::stream_end, body);
  EXPECT_FALSE(next(Type::init_up));
  EXPECT_EQ(end(), static_cast<int>(Stop::protocol_error));
}

}  // namespace
}  // namespace proa::frames::init
