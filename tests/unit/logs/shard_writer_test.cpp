#include "logs/shard_writer.h"

#include "unit/logs/logs_fixture.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace proa::logs {
namespace {

using std::chrono::milliseconds;

class ShardWriterTest : public ::testing::Test {
 protected:
  void line(std::string_view text) { writer_.output(stream_, request_id(1), text); }
  /// What there is, taken and written.
  Batch written() {
    Batch batch;
    writer_.take(batch);
    writer_.done(batch);
    return batch;
  }
  void settle() {
    shard_.restart();
    shard_.poll();
  }

  boost::asio::io_context shard_;
  SetClock clock_;
  int signals_ = 0;
  ShardWriter writer_{shard_.get_executor(), clock_, [this] { ++signals_; }};
  LogStreamPtr stream_ = make_stream(make_function(), environment_id(1), clock_.wall_now());
};

TEST_F(ShardWriterTest, HandsOverWhatHappenedInItsOrder) {
  writer_.init_began(stream_, "python3.11.2");
  writer_.call_began(stream_, request_id(1), "Root=1");
  clock_.advance(milliseconds(5));
  line("hello");
  writer_.call_ended(stream_, request_id(1), call_record());
  writer_.init_failed(stream_, {milliseconds(1), "init", "error", "X"});
  Batch batch;
  writer_.take(batch);
  ASSERT_EQ(batch.items.size(), 5U);
  const EntryKind kinds[] = {EntryKind::init_began, EntryKind::call_began, EntryKind::output,
                             EntryKind::call_ended, EntryKind::init_failed};
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(batch.items[i].kind, kinds[i]);
    bytes += batch.items[i].body_size;
  }
  EXPECT_EQ(batch.bodies.size(), bytes);
  EXPECT_EQ(batch.bodies.substr(0, 23), "python3.11.2Root=1hello");
  EXPECT_EQ(batch.items[0].request, RequestId{});
  EXPECT_EQ(batch.items[2].time - batch.items[1].time, milliseconds(5));
  EXPECT_EQ(decode_call_record(batch.bodies.substr(23, batch.items[3].body_size)), call_record());
  Batch none;
  writer_.take(none);
  EXPECT_TRUE(none.items.empty());
}

TEST_F(ShardWriterTest, ItemsAreOfTheStreamThatTheyWerePutIn) {
  std::vector<LogStreamPtr> streams;
  for (unsigned i = 0; i < 40; ++i) {
    streams.push_back(make_stream(make_function(), environment_id(i), clock_.wall_now()));
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& stream : streams) {
      writer_.call_began(stream, request_id(1), "Root=1");
      writer_.output(stream, request_id(1), "line");
    }
  }
  const Batch batch = written();
  ASSERT_EQ(batch.items.size(), 160U);
  for (std::size_t i = 0; i < 160; ++i) {
    EXPECT_EQ(&batch.stream_of(batch.items[i]), streams[i / 2 % 40].get()) << i;
  }
  EXPECT_EQ(batch.streams.size(), 80U) << "one for each stream in a row of calls";
}

TEST_F(ShardWriterTest, SignalsOnceBetweenTwoTakes) {
  line("a");
  line("b");
  EXPECT_EQ(signals_, 1);
  (void)written();
  line("c");
  EXPECT_EQ(signals_, 2);
}

TEST_F(ShardWriterTest, ACorrectedClockDoesNotTurnTheOrderAround) {
  line("a");
  clock_.advance(-milliseconds(900));
  line("b");
  clock_.advance(-milliseconds(1100));  // set back
  line("c");
  const Batch batch = written();
  EXPECT_EQ(batch.items[1].time, batch.items[0].time);
  EXPECT_EQ(batch.items[0].time - batch.items[2].time, milliseconds(2000));
}

TEST_F(ShardWriterTest, ReadersWaitFromFourMebibytesOnAndAreToldOnce) {
  const std::string part(std::size_t{1} << 18U, 'x');
  int resumed = 0;
  while (!writer_.is_congested()) line(part);
  Batch batch;
  writer_.take(batch);
  EXPECT_GE(batch.bodies.size() + batch.items.size() * sizeof(Batch::Item), 4U << 20U);
  EXPECT_LE(batch.bodies.size(), (4U << 20U) + part.size());
  EXPECT_TRUE(writer_.is_congested()) << "taken is not written";
  writer_.call_when_clear([&resumed] { ++resumed; });
  writer_.call_when_clear([&resumed] { resumed += 10; });
  settle();
  EXPECT_EQ(resumed, 0);
  writer_.done(batch);
  EXPECT_FALSE(writer_.is_congested());
  settle();
  EXPECT_EQ(resumed, 11);
  line("x");
  (void)written();
  settle();
  EXPECT_EQ(resumed, 11) << "once";
  EXPECT_EQ(writer_.dropped(), 0U);
}

TEST_F(ShardWriterTest, WhoAsksWhenItIsClearIsToldAtOnce) {
  int resumed = 0;
  writer_.call_when_clear([&resumed] { ++resumed; });
  EXPECT_EQ(resumed, 0) << "not inside the call";
  settle();
  EXPECT_EQ(resumed, 1);
}

TEST_F(ShardWriterTest, ReadersAreNotToldWhileItIsCongestedAgain) {
  const std::string part(std::size_t{1} << 18U, 'x');
  int resumed = 0;
  while (!writer_.is_congested()) line(part);
  writer_.call_when_clear([&resumed] { ++resumed; });
  Batch batch;
  writer_.take(batch);
  writer_.done(batch);
  while (!writer_.is_congested()) line(part);  // before the shard came to it
  settle();
  EXPECT_EQ(resumed, 0);
  (void)written();
  settle();
  EXPECT_EQ(resumed, 1);
}

TEST_F(ShardWriterTest, WhatADeadDiskDoesNotTakeIsDroppedAndCounted) {
  const std::string part(std::size_t{1} << 18U, 'x');
  int put_in = 0;
  for (; writer_.dropped() == 0 && put_in < 1000; ++put_in) line(part);
  EXPECT_GE(put_in, 255);
  EXPECT_LE(put_in, 257);
  writer_.call_ended(stream_, request_id(1), call_record());
  EXPECT_EQ(writer_.dropped(), 2U);
  EXPECT_EQ(written().items.size(), static_cast<std::size_t>(put_in - 1));
  line("again");
  EXPECT_EQ(written().items.size(), 1U);
  EXPECT_EQ(writer_.dropped(), 2U);
}

TEST_F(ShardWriterTest, ALineThatIsTooLongGoesOnInTheNextEventAndNoCharacterIsCut) {
  std::string text(kMessageMax - 1, 'a');
  text += "\xC3\xA4";
  text += std::string(kMessageMax, 'b');
  line(text);
  line(std::string(kMessageMax, 'c'));
  line(std::string(kMessageMax + 10, '\x80'));
  const Batch batch = written();
  std::vector<std::size_t> sizes;
  for (const auto& item : batch.items) sizes.push_back(item.body_size);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{kMessageMax - 1, kMessageMax, 2, kMessageMax,
                                             kMessageMax, 10}));
  EXPECT_TRUE(batch.bodies.starts_with(text)) << "nothing is lost";
}

}  // namespace
}  // namespace proa::logs
