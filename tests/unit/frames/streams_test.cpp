#include "frames/streams.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace proa::frames {
namespace {

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Both ends of one port, with the frames between them in memory.
class StreamsTest : public testing::Test {
 protected:
  /// What `from` has to say arrives at `to`; the first thing that is not ok.
  static Status carry(Streams& from, Streams& to) {
    std::vector<std::byte> out(64 * 1024);
    out.resize(from.collect(out));
    return feed(to, out);
  }
  static Status feed(Streams& to, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      Header header;
      EXPECT_EQ(decode_header(bytes, header), Status::ok);
      const Status status = to.take(header.type, bytes.subspan(kHeaderSize, header.body_size));
      if (status != Status::ok) return status;
      bytes = bytes.subspan(kHeaderSize + header.body_size);
    }
    return Status::ok;
  }
  static Status send(Stream& stream, Streams& to, std::string_view text) {
    std::vector<std::byte> out(kStreamHead + text.size());
    std::memcpy(out.data() + kStreamHead, text.data(), text.size());
    EXPECT_EQ(Streams::put(stream, out, text.size()), out.size());
    return feed(to, out);
  }
  void open_process() {
    ASSERT_TRUE(host_->open_process());
    ASSERT_TRUE(guest_->open_process());
  }

  std::unique_ptr<Streams> guest_ = std::make_unique<Streams>(true);
  std::unique_ptr<Streams> host_ = std::make_unique<Streams>(false);
};

TEST_F(StreamsTest, BytesComeOutAsTheyWentInAndEndAfterTheLast) {
  open_process();
  Stream& calls = *host_->find(kCallsStream);
  ASSERT_EQ(send(calls, *guest_, "one"), Status::ok);
  ASSERT_EQ(send(calls, *guest_, "two"), Status::ok);
  Streams::finish(calls);
  ASSERT_EQ(carry(*host_, *guest_), Status::ok);
  Stream& inside = *guest_->find(kCallsStream);
  EXPECT_FALSE(Streams::is_at_end(inside));
  EXPECT_EQ(text_of(Streams::unread(inside)), "onetwo");
  Streams::consume(inside, 4);
  EXPECT_EQ(text_of(Streams::unread(inside)), "wo");
  Streams::consume(inside, 2);
  EXPECT_TRUE(Streams::is_at_end(inside));
  EXPECT_EQ(Streams::room(calls), 0U) << "after its end";
}

TEST_F(StreamsTest, ASenderIsAWindowAheadAndNoFurtherUntilTheReaderReads) {
  open_process();
  Stream& output = *guest_->find(kOutputStream);
  const std::string piece(kStreamPiece, 'x');
  ASSERT_EQ(send(output, *host_, piece), Status::ok);
  ASSERT_EQ(send(output, *host_, piece), Status::ok);
  EXPECT_EQ(Streams::room(output), 0U);
  EXPECT_GT(Streams::room(*guest_->find(kAnswersStream)), 0U) << "another stream has its own";
  Stream& read = *host_->find(kOutputStream);
  Streams::consume(read, kStreamPiece - 1);
  ASSERT_EQ(carry(*host_, *guest_), Status::ok);
  EXPECT_EQ(Streams::room(output), 0U) << "small credits are saved up";
  Streams::consume(read, 1);
  ASSERT_EQ(carry(*host_, *guest_), Status::ok);
  EXPECT_EQ(Streams::room(output), kStreamPiece);
  ASSERT_EQ(send(output, *host_, piece), Status::ok);
  EXPECT_EQ(Streams::unread(read).size(), 2 * kStreamPiece);
}

TEST_F(StreamsTest, MoreThanTheWindowIsABreach) {
  open_process();
  Stream& output = *guest_->find(kOutputStream);
  output.credit = 3 * kStreamWindow;  // a guest that does not keep to it
  const std::string piece(kStreamPiece, 'x');
  ASSERT_EQ(send(output, *host_, piece), Status::ok);
  ASSERT_EQ(send(output, *host_, piece), Status::ok);
  EXPECT_EQ(send(output, *host_, "x"), Status::malformed);
}

TEST_F(StreamsTest, AReaderThatStopsIsAnsweredByTheEnd) {
  open_process();
  Stream& output = *guest_->find(kOutputStream);
  ASSERT_EQ(send(output, *host_, "unread"), Status::ok);
  Stream& read = *host_->find(kOutputStream);
  Streams::stop(read);
  EXPECT_TRUE(Streams::unread(read).empty());
  ASSERT_EQ(send(output, *host_, "on its way"), Status::ok);
  EXPECT_TRUE(Streams::unread(read).empty());
  EXPECT_FALSE(Streams::is_over(read));
  ASSERT_EQ(carry(*host_, *guest_), Status::ok);
  EXPECT_TRUE(output.peer_stopped);
  EXPECT_EQ(Streams::room(output), 0U);
  Streams::finish(output);
  ASSERT_EQ(carry(*guest_, *host_), Status::ok);
  EXPECT_TRUE(Streams::is_over(read));
  EXPECT_TRUE(Streams::is_over(output));
}

// A host starts the next process right behind the end it tells last.
TEST_F(StreamsTest, TheNextProcessTakesThePlacesOfStreamsThatAreOver) {
  open_process();
  Streams::finish(*guest_->find(kAnswersStream));
  Streams::finish(*guest_->find(kOutputStream));
  Streams::finish(*guest_->find(kCallsStream));
  ASSERT_EQ(carry(*guest_, *host_), Status::ok);
  EXPECT_FALSE(guest_->open_process()) << "the host has not ended its calls";
  Streams::finish(*host_->find(kCallsStream));
  ASSERT_EQ(carry(*host_, *guest_), Status::ok);
  open_process();
  ASSERT_EQ(send(*host_->find(kCallsStream), *guest_, "next"), Status::ok);
  EXPECT_EQ(text_of(Streams::unread(*guest_->find(kCallsStream))), "next");
}

TEST_F(StreamsTest, AProcessHasThreeAndTheNextOneNoneBeforeTheyAreOver) {
  open_process();
  EXPECT_FALSE(guest_->open_process());
  for (Streams* end : {guest_.get(), host_.get()}) {
    for (Stream& stream : end->places()) {
      if (stream.id != 0) Streams::finish(stream);
    }
  }
  ASSERT_EQ(carry(*host_, *guest_), Status::ok);
  ASSERT_EQ(carry(*guest_, *host_), Status::ok);
  for (Streams* end : {guest_.get(), host_.get()}) {
    for (Stream& stream : end->places()) {
      if (stream.id == 0) continue;
      EXPECT_TRUE(Streams::is_over(stream)) << stream.id;
      Streams::release(stream);
    }
    EXPECT_TRUE(end->open_process());
  }
}

TEST_F(StreamsTest, AConnectionIsToldBeforeItsBytes) {
  Stream* connection = guest_->open_connection(Service::lambda_api);
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(Streams::room(*connection), 0U) << "not told yet";
  ASSERT_EQ(carry(*guest_, *host_), Status::ok);
  Stream* served = host_->find(connection->id);
  ASSERT_NE(served, nullptr);
  EXPECT_TRUE(served->is_new);
  EXPECT_EQ(served->service, Service::lambda_api);
  ASSERT_EQ(send(*connection, *host_, "GET /"), Status::ok);
  ASSERT_EQ(send(*served, *guest_, "200"), Status::ok);
  EXPECT_EQ(text_of(Streams::unread(*served)), "GET /");
  EXPECT_EQ(text_of(Streams::unread(*connection)), "200");
}

TEST_F(StreamsTest, ConnectionsAreBoundedAndThoseTooManyAreRefused) {
  for (std::size_t i = 0; i < kConnectionsMax; ++i) {
    ASSERT_NE(guest_->open_connection(Service::runtime_api), nullptr);
  }
  EXPECT_EQ(guest_->open_connection(Service::runtime_api), nullptr);
  ASSERT_EQ(carry(*guest_, *host_), Status::ok);
  // A guest that opens more all the same.
  for (Stream& stream : guest_->places()) stream.id = 0;
  for (std::size_t i = 0; i < kConnectionsMax; ++i) {
    ASSERT_NE(guest_->open_connection(Service::runtime_api), nullptr);
  }
  ASSERT_EQ(carry(*guest_, *host_), Status::ok);
  for (Stream& stream : guest_->places()) stream.id = 0;
  Stream* refused = guest_->open_connection(Service::runtime_api);
  ASSERT_EQ(carry(*guest_, *host_), Status::ok);
  EXPECT_EQ(host_->find(refused->id), nullptr);
  ASSERT_EQ(send(*refused, *host_, "it does not know yet"), Status::ok);
  ASSERT_EQ(carry(*host_, *guest_), Status::ok);
  EXPECT_TRUE(refused->peer_stopped);
  EXPECT_TRUE(refused->peer_ended);
}

TEST_F(StreamsTest, WhatComesLateForAStreamThatIsOverIsNoBreach) {
  Stream* connection = guest_->open_connection(Service::runtime_api);
  ASSERT_EQ(carry(*guest_, *host_), Status::ok);
  const std::uint32_t id = connection->id;
  Stream* served = host_->find(id);
  Streams::finish(*connection);
  Streams::finish(*served);
  ASSERT_EQ(carry(*guest_, *host_), Status::ok);
  ASSERT_EQ(carry(*host_, *guest_), Status::ok);
  ASSERT_TRUE(Streams::is_over(*connection));
  Streams::release(*connection);
  std::array<std::byte, 8> body{};
  body[0] = static_cast<std::byte>(id);
  EXPECT_EQ(guest_->take(Type::stream_credit, body), Status::ok);
  body[0] = static_cast<std::byte>(id + 1);
  EXPECT_EQ(guest_->take(Type::stream_credit, body), Status::malformed) << "never opened";
}

TEST_F(StreamsTest, RefusesWhatNoPeerMaySay) {
  open_process();
  const auto body = [](std::initializer_list<unsigned> bytes) {
    std::vector<std::byte> out;
    for (const unsigned each : bytes) out.push_back(static_cast<std::byte>(each));
    return out;
  };
  const auto host_says = [&](Type type, std::initializer_list<unsigned> bytes) {
    return host_->take(type, body(bytes));
  };
  EXPECT_EQ(host_says(Type::stream_data, {3, 0, 0}), Status::malformed) << "no id";
  EXPECT_EQ(host_says(Type::stream_data, {3, 0, 0, 0}), Status::malformed) << "no data";
  EXPECT_EQ(host_says(Type::stream_data, {9, 0, 0, 0, 1}), Status::malformed) << "no stream";
  EXPECT_EQ(host_says(Type::stream_credit, {1, 0, 0, 0, 1, 0, 0, 0}), Status::malformed)
      << "more than the window";
  EXPECT_EQ(host_says(Type::stream_credit, {1, 0, 0, 0, 1}), Status::malformed);
  EXPECT_EQ(host_says(Type::stream_end, {3, 0, 0, 0, 0}), Status::malformed);
  EXPECT_EQ(host_says(Type::stream_end, {3, 0, 0, 0}), Status::ok);
  EXPECT_EQ(host_says(Type::stream_end, {3, 0, 0, 0}), Status::malformed) << "twice";
  EXPECT_EQ(host_says(Type::stream_data, {3, 0, 0, 0, 1}), Status::malformed) << "after its end";
  EXPECT_EQ(host_says(Type::stream_open, {16, 0, 0, 0, 3, 0, 0, 0}), Status::malformed)
      << "no such service";
  EXPECT_EQ(host_says(Type::stream_open, {2, 0, 0, 0, 1, 0, 0, 0}), Status::malformed)
      << "a process's";
  EXPECT_EQ(host_says(Type::stream_open, {16, 0, 0, 0, 1, 0, 0, 0}), Status::ok);
  EXPECT_EQ(host_says(Type::stream_open, {16, 0, 0, 0, 1, 0, 0, 0}), Status::malformed) << "twice";
  EXPECT_EQ(guest_->take(Type::stream_open, body({17, 0, 0, 0, 1, 0, 0, 0})), Status::malformed)
      << "a host opens none";
  EXPECT_EQ(host_says(Type::invoke, {1, 0, 0, 0}), Status::malformed) << "no frame of streams";
}

}  // namespace
}  // namespace proa::frames
