#include "os/seqpacket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace proa::os {
namespace {

class SeqpacketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = seqpacket_pair();
    ASSERT_TRUE(pair);
    ours_ = std::move(pair.value().first);
    theirs_ = std::move(pair.value().second);
  }
  Result<void> send(std::string_view text, std::span<const int> fds = {}) {
    return send_message(ours_.get(), std::as_bytes(std::span(text)), fds);
  }
  void make_nonblocking(const UniqueFd& socket) {
    ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  }
  UniqueFd ours_;
  UniqueFd theirs_;
};

TEST_F(SeqpacketTest, MessagesArriveOneByOneAndWhole) {
  ASSERT_TRUE(send("first"));
  ASSERT_TRUE(send("the second"));
  EXPECT_EQ(receive_message(theirs_.get()).value().bytes, "first");
  EXPECT_EQ(receive_message(theirs_.get()).value().bytes, "the second");
}

TEST_F(SeqpacketTest, DescriptorsArriveAsTheSameFilesAndCloseOnExec) {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::vector<int> fds = {null.get(), null.get()};
  ASSERT_TRUE(send("two", fds));
  auto message = receive_message(theirs_.get());
  ASSERT_TRUE(message);
  ASSERT_EQ(message.value().fds.size(), 2U);
  struct stat sent {};
  ::fstat(null.get(), &sent);
  for (const UniqueFd& fd : message.value().fds) {
    struct stat received {};
    ASSERT_EQ(::fstat(fd.get(), &received), 0);
    EXPECT_EQ(received.st_rdev, sent.st_rdev);
    EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST_F(SeqpacketTest, AClosedPeerIsUnavailableBothWays) {
  theirs_.reset();
  EXPECT_EQ(send("nobody").error().code(), Errc::unavailable);
  EXPECT_EQ(receive_message(ours_.get()).error().code(), Errc::unavailable);
}

TEST_F(SeqpacketTest, NothingThereOrNoRoomIsThrottledWhenNonBlocking) {
  make_nonblocking(theirs_);
  EXPECT_EQ(receive_message(theirs_.get()).error().code(), Errc::throttled);
  make_nonblocking(ours_);
  const std::string text(kMaxMessage, 'x');
  Result<void> sent = ok();
  for (int i = 0; i < 10'000 && sent; ++i) sent = send(text);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code(), Errc::throttled);
}

TEST_F(SeqpacketTest, WhatIsTooLongIsCorrupt) {
  const std::string text(kMaxMessage + 1, 'x');
  ASSERT_EQ(::send(ours_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(receive_message(theirs_.get()).error().code(), Errc::corrupt);
}

TEST(StreamPair, CarriesBytes) {
  auto pair = stream_pair();
  ASSERT_TRUE(pair);
  ASSERT_EQ(::write(pair.value().first.get(), "ab", 2), 2);
  char read[4] = {};
  EXPECT_EQ(::read(pair.value().second.get(), read, sizeof read), 2);
  EXPECT_STREQ(read, "ab");
}

}  // namespace
}  // namespace proa::os
