// Reading, waiting and listing by a LogKeeper.
#include "unit/logs/keeper_fixture.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <future>

namespace proa::logs {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class LogReadingTest : public KeeperFixture {
 protected:
  static SteadyTime in(std::chrono::steady_clock::duration time) {
    return std::chrono::steady_clock::now() + time;
  }
  /// A wait that runs on a thread of its own.
  std::future<Result<bool>> waiting(const std::string& group, std::optional<LogPosition> after,
                                    SteadyTime deadline) {
    return std::async(std::launch::async, [this, group, after, deadline] {
      return await(keeper_->wait(key(group), after, deadline));
    });
  }
  static bool is_over(std::future<Result<bool>>& wait, std::chrono::milliseconds within) {
    return wait.wait_for(within) == std::future_status::ready;
  }
};

TEST_F(LogReadingTest, AGroupThatIsNotThereIsNotFound) {
  LogQuery query;
  query.group = key("none");
  const auto page = await(keeper_->read(query));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Errc::not_found);
  EXPECT_EQ(page.error().message(), "The specified log group does not exist.");
  EXPECT_EQ(await(keeper_->streams(key("none"))).error().code(), Errc::not_found);
  line("some", "x");
  settle(1);
  query.group = {"999999999999", "eu-central-1", "some"};
  EXPECT_FALSE(await(keeper_->read(query))) << "of another account";
  query.group = {"123456789012", "us-east-1", "some"};
  EXPECT_FALSE(await(keeper_->read(query))) << "of another region";
}

TEST_F(LogReadingTest, PagesFollowEachOther) {
  for (int i = 0; i < 25; ++i) line("a", std::to_string(i));
  settle(25);
  const auto all = read("a");
  ASSERT_EQ(all.size(), 25U);
  for (const bool is_newest_first : {false, true}) {
    Strings found;
    LogQuery query;
    query.group = key("a");
    query.max_events = 4;
    query.is_newest_first = is_newest_first;
    for (;;) {
      const auto page = read(query);
      const auto some = messages(page.events);
      found.insert(is_newest_first ? found.begin() : found.end(), some.begin(), some.end());
      if (page.is_end) break;
      (is_newest_first ? query.before : query.after) = page.next;
    }
    EXPECT_EQ(found, all);
  }
}

TEST_F(LogReadingTest, WaitWakesForWhatIsWrittenBehindAPlace) {
  EXPECT_FALSE(await(keeper_->wait(key("a"), std::nullopt, in(milliseconds(-1)))).value());
  line("a", "one");
  EXPECT_TRUE(await(keeper_->wait(key("a"), LogPosition(), in(seconds(60)))).value())
      << "the group came to be";
  LogQuery query;
  query.group = key("a");
  const auto place = read(query).next;
  EXPECT_TRUE(await(keeper_->wait(key("a"), LogPosition(), in(milliseconds(-1)))).value());
  EXPECT_FALSE(await(keeper_->wait(key("a"), place, in(milliseconds(20)))).value());
  EXPECT_FALSE(await(keeper_->wait(key("a"), std::nullopt, in(milliseconds(20)))).value())
      << "behind all that is there";
  auto wait = waiting("a", place, in(seconds(60)));
  line("other", "no matter");
  settle(2);
  EXPECT_FALSE(is_over(wait, milliseconds(20)));
  line("a", "two");
  ASSERT_TRUE(is_over(wait, seconds(60)));
  EXPECT_TRUE(wait.get().value());
  query.after = place;
  EXPECT_EQ(messages(read(query).events), Strings{"two\n"});
}

TEST_F(LogReadingTest, WaitOfARestartIsBehindWhatIsThere) {
  line("a", "one");
  settle(1);
  LogQuery query;
  query.group = key("a");
  const auto place = read(query).next;
  start();
  EXPECT_FALSE(await(keeper_->wait(key("a"), place, in(milliseconds(20)))).value());
  EXPECT_EQ(read(query).next, place);
}

TEST_F(LogReadingTest, WaitDoesNotWakeForWhatWasRemoved) {
  options_.logs_max = Bytes(1);  // everything, at once
  start();
  line("a", "gone");
  settle(1);
  LogQuery query;
  query.group = key("a");
  const auto page = read(query);
  EXPECT_TRUE(page.events.empty());
  EXPECT_TRUE(page.is_end);
  EXPECT_FALSE(await(keeper_->wait(key("a"), page.next, in(milliseconds(50)))).value());
}

TEST_F(LogReadingTest, AStopEndsWaits) {
  auto wait = waiting("a", std::nullopt, in(hours(1)));
  EXPECT_FALSE(is_over(wait, milliseconds(20)));
  keeper_->end_waits();
  ASSERT_TRUE(is_over(wait, seconds(60)));
  EXPECT_FALSE(wait.get().value());
  EXPECT_FALSE(await(keeper_->wait(key("a"), std::nullopt, in(hours(1)))).value()) << "from now on";
}

TEST_F(LogReadingTest, CloseEndsWaitsAsWell) {
  auto wait = waiting("a", std::nullopt, in(hours(1)));
  EXPECT_FALSE(is_over(wait, milliseconds(20)));
  keeper_->close();
  ASSERT_TRUE(is_over(wait, seconds(60)));
  EXPECT_FALSE(wait.get().value());
}

TEST_F(LogReadingTest, AWaitThatIsGivenUpIsCancelled) {
  namespace asio = boost::asio;
  asio::io_context io;
  asio::cancellation_signal give_up;
  std::optional<Result<bool>> result;
  bool is_thrown = false;
  asio::co_spawn(io, boxed<bool>(keeper_->wait(key("a"), std::nullopt, in(hours(1)))),
                 asio::bind_cancellation_slot(
                     give_up.slot(), [&](std::exception_ptr failed, std::optional<Result<bool>> r) {
                       is_thrown = failed != nullptr;
                       result = std::move(r);
                     }));
  asio::steady_timer timer(io, milliseconds(20));
  timer.async_wait([&](auto) { give_up.emit(asio::cancellation_type::all); });
  io.run();
  EXPECT_TRUE(is_thrown || (result && !*result && result->error().code() == Errc::cancelled));
  line("a", "x");  // and nobody is left there
  settle(1);
}

TEST_F(LogReadingTest, DamageIsNamedOnceAndTheRestIsServed) {
  for (int i = 0; i < 10; ++i) line("a", "line " + std::to_string(i));
  settle(10);
  writers_[0]->call_ended(stream_of("b"), request_id(1), call_record());
  settle(11);
  const auto file = segments_in(folder_ / "logs" / "123456789012" / "eu-central-1" / "ga")[0];
  keeper_->close();
  flip(file, fs::file_size(file) / 2);
  fs::resize_file(file, fs::file_size(file) - 3);
  write_bytes(folder_ / "usage" / "7-7.seg", "nobody's");
  start();
  for (std::size_t size = 1; size < 12; ++size) {
    for (const bool is_newest_first : {false, true}) {
      LogQuery query;
      query.group = key("a");
      query.max_events = size;
      query.is_newest_first = is_newest_first;
      EXPECT_EQ(read(query).events.size(), std::min<std::size_t>(size, 8));
    }
    (void)await(keeper_->streams(key("a")));
    EXPECT_EQ(usage().size(), 1U);
  }
  EXPECT_EQ(lines_.count(file.string()), 1U);
  EXPECT_EQ(lines_.count("7-7.seg"), 1U);
  EXPECT_EQ(lines_.count("segment_damaged"), 2U);
}

TEST_F(LogReadingTest, GroupsAreListedByPrefixInTheOrderOfTheirNames) {
  for (const char* group : {"/b/2", "/b/1", "/a", "/b", "/c"}) line(group, "x");
  settle(5);
  const auto names = [this](const std::string& account, const std::string& prefix) {
    Strings out;
    const auto groups = await(keeper_->groups(account, "eu-central-1", prefix));
    for (const auto& group : groups.value()) out.push_back(group.name);
    return out;
  };
  EXPECT_EQ(names("123456789012", ""), (Strings{"/a", "/b", "/b/1", "/b/2", "/c"}));
  EXPECT_EQ(names("123456789012", "/b"), (Strings{"/b", "/b/1", "/b/2"}));
  EXPECT_EQ(names("123456789012", "/b/"), (Strings{"/b/1", "/b/2"}));
  EXPECT_EQ(names("123456789012", "/d"), Strings{});
  EXPECT_EQ(names("12345678901", ""), Strings{});
  EXPECT_EQ(names("123456789013", ""), Strings{});
  const auto groups = await(keeper_->groups("123456789012", "eu-central-1", "/c")).value();
  EXPECT_EQ(groups[0].created, clock_.wall_now());
  EXPECT_GT(groups[0].stored, Bytes(20));
}

TEST_F(LogReadingTest, GroupsOfEveryNameOutliveARestart) {
  const Strings names = {".",
                         "..",
                         "/",
                         "#",
                         "/x/../y",
                         "/" + std::string(511, 'L'),
                         "/" + std::string(510, 'L') + "M"};
  for (const auto& name : names) line(name, "in " + name);
  settle(names.size());
  start();
  for (const auto& name : names) EXPECT_EQ(read(name), Strings{"in " + name + "\n"});
  EXPECT_EQ(counts().groups, names.size());
}

TEST_F(LogReadingTest, StreamsAreTheEnvironments) {
  const auto first = stream_of("a", 1);
  const auto second = stream_of("a", 2);
  writers_[0]->output(second, request_id(1), "x");
  clock_.advance(milliseconds(5));
  writers_[0]->output(first, request_id(1), "y");
  settle(2);
  const auto streams = await(keeper_->streams(key("a"))).value();
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0].name, second->name());
  EXPECT_EQ(streams[1].name, first->name());
  EXPECT_EQ(streams[1].first - streams[0].first, milliseconds(5));
}

TEST_F(LogReadingTest, SegmentsThatAreRemovedWhileReadingAreNoDamage) {
  options_.segment_max = Bytes(200);
  start();
  for (int i = 0; i < 20; ++i) {
    line("a", std::to_string(i));
    settle(static_cast<std::uint64_t>(i) + 1);
  }
  const auto files = segments_in(folder_ / "logs");
  ASSERT_GT(files.size(), 5U);
  fs::remove(files[2]);
  const auto left = read("a");
  EXPECT_EQ(left.front(), "0\n");
  EXPECT_EQ(left.back(), "19\n");
  EXPECT_LT(left.size(), 20U);
  EXPECT_EQ(lines_.count(""), 0U);
}

}  // namespace
}  // namespace proa::logs
