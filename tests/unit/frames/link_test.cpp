#include "frames/link.h"

#include "unit/frames/await.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace proa::frames {
namespace {

std::string header_of(Type type, std::uint32_t body_size) {
  std::array<std::byte, kHeaderSize> bytes{};
  encode_header({.body_size = body_size, .type = type}, bytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class LinkTest : public testing::Test {
 protected:
  LinkTest() { connect({}); }

  void connect(Link::Limits limits) {
    std::array<int, 2> fds{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    peer_ = os::UniqueFd(fds[0]);
    link_fd_ = fds[1];
    auto link = Link::adopt(io_.get_executor(), os::UniqueFd(fds[1]), limits);
    ASSERT_TRUE(link) << link.error().message();
    link_ = std::move(link.value());
  }
  void peer_writes(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(count, 0);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  /// Reads what is there, up to `size` bytes.
  std::string peer_reads(std::size_t size) {
    std::string bytes(size, '\0');
    const ssize_t count = ::recv(peer_.get(), bytes.data(), size, MSG_DONTWAIT);
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
  }
  Result<Frame> receive() { return await(io_, link_->receive()); }
  Result<void> send(Type type, std::vector<std::string_view> parts) {
    return await(io_, link_->send(type, parts));
  }

  boost::asio::io_context io_{1};
  os::UniqueFd peer_;
  int link_fd_ = -1;  // owned by link_
  std::unique_ptr<Link> link_;
};

/// How often a process was put to sleep, of /proc/PID/status.
long sleeps_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    long count = 0;
    if (word == "voluntary_ctxt_switches:" && status >> count) return count;
  }
  return -1;
}

/// A process that answers each byte until its link closes.
pid_t start_echo(LinkFds& ours, const LinkFds& fds) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ours = LinkFds();  // else it would keep its own link open
  char byte = 0;
  while (::read(fds.in.get(), &byte, 1) == 1 && ::write(fds.out.get(), &byte, 1) == 1) continue;
  ::_exit(0);
}

TEST(LinkFds, TakingAnAnswerDoesNotWakeTheReaderAtTheOtherEnd) {
  auto ends = make_link();
  ASSERT_TRUE(ends);
  auto& [ours, theirs] = ends.value();
  const pid_t child = start_echo(ours, theirs);
  ASSERT_GT(child, 0);
  theirs = LinkFds();
  constexpr int kCalls = 50;
  long before = 0;
  for (int i = 0; i < kCalls; ++i) {
    char byte = 'x';
    ASSERT_EQ(::write(ours.out.get(), &byte, 1), 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // it answers and sleeps again
    ASSERT_EQ(::read(ours.in.get(), &byte, 1), 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (i == 0) before = sleeps_of(child);
  }
  // One sleep a call; with one socket for both directions it would be two.
  EXPECT_LT(sleeps_of(child) - before, kCalls * 3 / 2);
  ours = LinkFds();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(LinkTest, HasASocketForEachDirectionWhereItIsGivenTwo) {
  auto ends = make_link();
  ASSERT_TRUE(ends);
  auto& [ours, theirs] = ends.value();
  auto link = Link::adopt(io_.get_executor(), std::move(ours));
  ASSERT_TRUE(link);
  link_ = std::move(link.value());
  ASSERT_TRUE(send(Type::invoke, {"payload"}));
  peer_ = std::move(theirs.in);
  EXPECT_EQ(peer_reads(100), header_of(Type::invoke, 7) + "payload");
  peer_ = std::move(theirs.out);
  peer_writes(header_of(Type::ready, 0));
  const auto frame = receive();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame.value().type, Type::ready);
}

TEST_F(LinkTest, SendsHeaderAndPartsAsOneFrame) {
  ASSERT_TRUE(send(Type::invoke, {"head", "", "payload"}));
  EXPECT_EQ(peer_reads(100), header_of(Type::invoke, 11) + "headpayload");
  ASSERT_TRUE(send(Type::kill_all, {}));
  EXPECT_EQ(peer_reads(100), header_of(Type::kill_all, 0));
}

TEST_F(LinkTest, ReceivesFramesThatCameTogetherOneByOne) {
  peer_writes(header_of(Type::response, 3) + "abc" + header_of(Type::ready, 0));
  auto first = receive();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first.value().type, Type::response);
  EXPECT_EQ(first.value().body, "abc");
  auto second = receive();
  ASSERT_TRUE(second);
  EXPECT_EQ(second.value().type, Type::ready);
  EXPECT_EQ(second.value().body, "");
}

TEST_F(LinkTest, ReceivesAFrameThatComesByteByByte) {
  const auto outcome = begin(io_, link_->receive());
  const std::string bytes = header_of(Type::response, 3) + "abc";
  for (const char byte : bytes) {
    EXPECT_FALSE(outcome->has_value());
    peer_writes({&byte, 1});
    io_.restart();
    io_.poll();
  }
  auto frame = finish<Frame>(io_, outcome);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame.value().body, "abc");
}

TEST_F(LinkTest, TriesWithoutWaiting) {
  EXPECT_FALSE(link_->try_receive().has_value());
  peer_writes(header_of(Type::response, 3) + "ab");
  EXPECT_FALSE(link_->try_receive().has_value());
  peer_writes("c");
  auto frame = link_->try_receive();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->value().body, "abc");
}

TEST_F(LinkTest, CarriesTheLargestFrameThroughASmallSocketAgainAndAgain) {
  auto other = Link::adopt(io_.get_executor(), std::move(peer_));
  ASSERT_TRUE(other);
  std::string payload(kMaxBody, 'x');
  for (std::size_t i = 0; i < payload.size(); i += 1000) payload[i] = static_cast<char>(i / 1000);
  const std::vector<std::string_view> parts{std::string_view(payload).substr(0, 40),
                                            std::string_view(payload).substr(40)};
  for (int round = 0; round < 2; ++round) {
    const auto sent = begin(io_, link_->send(Type::invoke, parts));
    auto frame = await(io_, other.value()->receive());
    ASSERT_TRUE(frame) << frame.error().message();
    EXPECT_TRUE(frame.value().body == payload);
    EXPECT_TRUE(finish<void>(io_, sent));
  }
  const std::vector<std::string_view> small{"small"};
  ASSERT_TRUE(await(io_, link_->send(Type::invoke, small)));
  auto frame = await(io_, other.value()->receive());
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame.value().body, "small");
}

TEST_F(LinkTest, KeepsEachFrameWholeInALongMixedStream) {
  std::string stream;
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < 200; ++i) sizes.push_back((i * i * 97) % 40000);
  for (const std::size_t size : sizes) {
    stream += header_of(Type::response, static_cast<std::uint32_t>(size)) +
              std::string(size, static_cast<char>('a' + size % 26));
  }
  std::size_t written = 0;
  for (const std::size_t size : sizes) {
    std::optional<Result<Frame>> frame;
    while (!frame) {
      frame = link_->try_receive();
      if (frame) break;
      const std::size_t step = std::min<std::size_t>(30000, stream.size() - written);
      ASSERT_GT(step, 0U);
      peer_writes(std::string_view(stream).substr(written, step));
      written += step;
    }
    ASSERT_TRUE(frame->has_value());
    ASSERT_EQ(frame->value().body, std::string(size, static_cast<char>('a' + size % 26)));
  }
}

TEST_F(LinkTest, CallsGarbageCorrupt) {
  peer_writes("HTTP/1.1 200 OK\r\n");
  const auto frame = receive();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code(), Errc::corrupt);
}

TEST_F(LinkTest, RefusesAFrameBeyondItsLimitByItsHeader) {
  connect({.body_max = 100});
  peer_writes(header_of(Type::error, 100) + std::string(100, 'x'));
  EXPECT_TRUE(receive());
  peer_writes(header_of(Type::error, 101));
  const auto frame = receive();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code(), Errc::corrupt);
}

TEST_F(LinkTest, SaysUnavailableWhenThePeerCloses) {
  peer_writes(header_of(Type::ready, 0) + header_of(Type::response, 5) + "ab");
  EXPECT_TRUE(receive());
  peer_.reset();
  const auto cut = receive();
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code(), Errc::unavailable);
  const auto sent = send(Type::invoke, {"x"});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code(), Errc::unavailable);
}

TEST_F(LinkTest, RefusesToSendABodyBeyondTheLimitAndSendsNothingOfIt) {
  const std::string payload(kMaxBody, 'x');
  const auto sent = send(Type::invoke, {payload, "y"});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code(), Errc::too_large);
  EXPECT_EQ(peer_reads(10), "");
}

TEST_F(LinkTest, HoldsAFloodingPeerBackInsteadOfBuffering) {
  ASSERT_EQ(::fcntl(peer_.get(), F_SETFL, O_NONBLOCK), 0);
  const std::string flood = header_of(Type::response, 20000) + std::string(20000, 'x');
  int frames_sent = 0;
  while (::send(peer_.get(), flood.data(), flood.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(flood.size())) {
    ASSERT_LT(++frames_sent, 1000) << "the socket never filled";
    // One receive takes one frame; the rest waits in the socket.
    if (frames_sent == 1) {
      EXPECT_TRUE(receive());
    }
  }
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(LinkTest, CancelEndsAWaitingReceiveWithoutLosingBytes) {
  const auto outcome = begin(io_, link_->receive());
  peer_writes(header_of(Type::response, 3) + "a");
  io_.poll();
  link_->cancel();
  const auto cancelled = finish<Frame>(io_, outcome);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code(), Errc::cancelled);
  peer_writes("bc");
  auto frame = receive();
  ASSERT_TRUE(frame) << frame.error().message();
  EXPECT_EQ(frame.value().body, "abc");
}

TEST_F(LinkTest, ACancellationSlotEndsAWaitingReceive) {
  boost::asio::cancellation_signal signal;
  const auto outcome = std::make_shared<std::optional<Result<Frame>>>();
  boost::asio::co_spawn(
      io_, keep(link_->receive(), outcome),
      boost::asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
  io_.poll();
  signal.emit(boost::asio::cancellation_type::terminal);
  const auto cancelled = finish<Frame>(io_, outcome);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code(), Errc::cancelled);
}

TEST_F(LinkTest, ASendThatWasCutSpoilsTheLink) {
  const std::string payload(kMaxBody, 'x');
  const std::vector<std::string_view> parts{payload};
  const auto outcome = begin(io_, link_->send(Type::invoke, parts));
  io_.poll();
  ASSERT_FALSE(outcome->has_value()) << "the socket took 6 MiB at once";
  link_->cancel();
  const auto cancelled = finish<void>(io_, outcome);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code(), Errc::cancelled);
  const auto next = send(Type::invoke, {"x"});
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), Errc::unavailable);
}

TEST_F(LinkTest, ASendThatWasCancelledBeforeItsFirstByteSpoilsNothing) {
  const std::string filler(64 * 1024, 'x');
  while (::send(link_fd_, filler.data(), filler.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
  const std::vector<std::string_view> parts{"late"};
  const auto outcome = begin(io_, link_->send(Type::invoke, parts));
  io_.poll();
  link_->cancel();
  ASSERT_FALSE(finish<void>(io_, outcome));
  while (!peer_reads(filler.size()).empty()) {
  }
  EXPECT_TRUE(send(Type::invoke, {"next"}));
  EXPECT_EQ(peer_reads(100), header_of(Type::invoke, 4) + "next");
}

TEST_F(LinkTest, CloseEndsTheWaitAndShowsThePeerTheEnd) {
  const auto outcome = begin(io_, link_->receive());
  io_.poll();
  link_->close();
  const auto closed = finish<Frame>(io_, outcome);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code(), Errc::cancelled);
  char byte = 0;
  EXPECT_EQ(::recv(peer_.get(), &byte, 1, 0), 0);
  const auto after = receive();
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code(), Errc::unavailable);
}

TEST_F(LinkTest, AttachesDescriptorsToTheFirstByteAndOnlyOnce) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const os::UniqueFd read_end(ends[0]);
  const os::UniqueFd write_end(ends[1]);
  const std::string payload(600 * 1024, 'x');  // more than the socket takes at once
  const std::vector<std::string_view> parts{payload};
  const std::array<int, 1> fds{write_end.get()};
  const auto sent = begin(io_, link_->send_with_fds(Type::start, parts, fds));
  io_.poll();

  std::size_t received = 0;
  std::vector<os::UniqueFd> got;
  while (received < kHeaderSize + payload.size()) {
    std::array<char, 4096> bytes{};
    iovec part{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, 256> extra{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = extra.data();
    message.msg_controllen = extra.size();
    const ssize_t count = ::recvmsg(peer_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0) {
      ASSERT_EQ(errno, EAGAIN);
      io_.restart();
      ASSERT_GT(io_.run_one_for(std::chrono::seconds(10)), 0U);
      continue;
    }
    if (const cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr) {
      EXPECT_EQ(received, 0U);
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
      got.emplace_back(fd);
    }
    received += static_cast<std::size_t>(count);
  }
  EXPECT_TRUE(finish<void>(io_, sent));
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(::write(got[0].get(), "!", 1), 1);
}

TEST_F(LinkTest, DropsDescriptorsThatAPeerAttaches) {
  auto other = Link::adopt(io_.get_executor(), std::move(peer_));
  ASSERT_TRUE(other);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const os::UniqueFd read_end(ends[0]);
  os::UniqueFd write_end(ends[1]);
  const std::array<int, 1> fds{write_end.get()};
  ASSERT_TRUE(await(io_, other.value()->send_with_fds(Type::ready, {}, fds)));
  write_end.reset();
  ASSERT_TRUE(receive());
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 0) << "somebody still holds the writing end";
}

using LinkDeathTest = LinkTest;

TEST_F(LinkDeathTest, EndsTheProgramOnTwoReceivesAtATime) {
  const auto outcome = begin(io_, link_->receive());
  io_.poll();
  EXPECT_DEATH(static_cast<void>(link_->try_receive()), "one receive at a time");
}

}  // namespace
}  // namespace proa::frames
