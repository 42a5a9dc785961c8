// Writing; what reads and waits is in log_reading_test.cpp.
#include "logs/log_keeper.h"

#include "unit/logs/keeper_fixture.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cstring>

namespace proa::logs {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

using LogKeeperTest = KeeperFixture;

TEST_F(LogKeeperTest, WhatHappenedInACallCanBeReadSoon) {
  const auto stream = stream_of("");
  writers_[0]->init_began(stream, "python3.11.2");
  writers_[0]->call_began(stream, request_id(1), "");
  writers_[0]->output(stream, request_id(1), "hello");
  writers_[0]->call_ended(stream, request_id(1), call_record());
  settle(4);
  LogQuery query;
  query.group = key("/aws/lambda/f");
  const auto page = read(query);
  const auto found = messages(page.events);
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found[0].substr(0, 10), "INIT_START");
  EXPECT_EQ(found[1].substr(0, 6), "START ");
  EXPECT_EQ(found[2], "hello\n");
  EXPECT_EQ(found[3].substr(0, 4), "END ");
  EXPECT_EQ(found[4].substr(0, 7), "REPORT ");
  EXPECT_TRUE(page.is_end);
  EXPECT_EQ(counts().written_events, 4U);
  EXPECT_EQ(counts().groups, 1U);
  EXPECT_EQ(counts().problem, "");
}

TEST_F(LogKeeperTest, CloseWritesWhatWasStillInTheMailboxesAndARestartGoesOn) {
  line("a", "one");
  writers_[0]->call_ended(stream_of("a"), request_id(1), call_record());
  keeper_->close();
  keeper_->close();
  start();
  LogQuery query;
  query.group = key("a");
  const auto before = read(query);
  ASSERT_EQ(before.events.size(), 3U);
  EXPECT_EQ(usage().size(), 1U);
  clock_.advance(-hours(3));  // and the clock was set back meanwhile
  line("a", "two");
  settle(1);
  query.after = before.next;
  const auto after = read(query);
  EXPECT_EQ(messages(after.events), Strings{"two\n"});
  EXPECT_GT(after.events[0].position, before.events.back().position);
  EXPECT_EQ(read("a").size(), 4U);
  EXPECT_EQ(lines_.count(""), 0U);
}

TEST_F(LogKeeperTest, UsageRecordsAreTheCallsThatEnded) {
  start(2);
  microseconds sum(0);
  for (unsigned i = 0; i < 300; ++i) {
    const microseconds duration(1000 + 7 * i);
    sum += duration;
    clock_.advance(microseconds(100));
    writers_[i % 2]->call_ended(stream_of(i % 3 == 0 ? "a" : "b", i % 2), request_id(i),
                                call_record(duration));
    if (i % 50 == 49) settle(i + 1);
  }
  settle(300);
  const auto found = usage();
  ASSERT_EQ(found.size(), 300U);
  microseconds found_sum(0);
  std::set<std::string> requests;
  for (const auto& record : found) {
    found_sum += record.call.duration;
    requests.insert(record.request_id);
  }
  EXPECT_EQ(found_sum, sum);
  EXPECT_EQ(requests.size(), 300U);
  EXPECT_EQ(segments_in(folder_ / "usage").size(), 1U) << "shards do not begin a segment each";
  EXPECT_EQ(segments_in(folder_ / "logs").size(), 2U);
  EXPECT_EQ(counts().usage_stored.count(), fs::file_size(segments_in(folder_ / "usage")[0]));
}

TEST_F(LogKeeperTest, AClockThatWasSetBackBeginsASegmentAndHidesNothing) {
  line("a", "one");
  settle(1);
  clock_.advance(-hours(1));
  line("a", "two");
  settle(2);
  clock_.advance(-milliseconds(500));  // set right by a little
  line("a", "three");
  settle(3);
  EXPECT_EQ(read("a"), (Strings{"one\n", "two\n", "three\n"}));
  EXPECT_EQ(segments_in(folder_ / "logs").size(), 2U);
}

TEST_F(LogKeeperTest, LinesOfAllLengthsComeBackWhole) {
  line("a", "");
  line("a", std::string(kMessageMax, 'x'));
  const std::string text = std::string(2 * kMessageMax, 'y') + std::string("\n\r\0z", 4);
  line("a", text);
  settle(5);
  const auto found = read("a");
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found[0], "\n");
  EXPECT_EQ(found[1].size(), kMessageMax + 1);
  EXPECT_EQ(found[4], std::string("\n\r\0z\n", 5));
  EXPECT_EQ(lines_.count("segment_damaged"), 0U);
}

TEST_F(LogKeeperTest, AFullDiskDropsCountsAndGoesOnWhenThereIsRoom) {
  keeper_.reset();
  if (::mount("tmpfs", folder_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=256k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs: " << std::strerror(errno);
  }
  start();
  line("a", "before");
  settle(1);
  write_bytes(folder_ / "ballast", std::string(300'000, 'x'));
  for (unsigned i = 0; i < 40; ++i) {
    line("a", std::string(1000, 'd'));
    writers_[0]->call_ended(stream_of("new"), request_id(i), call_record());
  }
  settle(1 + 40 + 2 * 40);  // of a call that was dropped its entry and its usage record
  const auto full = counts();
  EXPECT_GE(full.dropped_events, 37U + 2 * 40U) << "a page of the file had room for three lines";
  EXPECT_NE(full.problem.find(folder_), std::string::npos) << full.problem;
  EXPECT_EQ(lines_.count("logs_dropped"), 1U) << "once a minute";
  fs::remove(folder_ / "ballast");
  line("a", "after");
  line("new", "after");
  settle(full.written_events + full.dropped_events + 2);
  EXPECT_EQ(counts().problem, "");
  EXPECT_EQ(read("a").front(), "before\n");
  EXPECT_EQ(read("a").back(), "after\n");
  EXPECT_EQ(read("new").back(), "after\n");
  start();
  EXPECT_EQ(read("a").back(), "after\n");
  (void)usage();
  EXPECT_EQ(lines_.count("segment_damaged"), 0U) << "no half record was left";
  keeper_.reset();
  EXPECT_EQ(::umount(folder_.c_str()), 0);
}

TEST_F(LogKeeperTest, AGroupThatCannotBeWrittenCostsNoOther) {
  fs::create_directories(folder_ / "logs" / "123456789012" / "eu-central-1");
  write_bytes(folder_ / "logs" / "123456789012" / "eu-central-1" / "gbad", "in the way");
  for (int i = 0; i < 3; ++i) line("bad", "lost");
  line("good", "kept");
  settle(4);
  EXPECT_EQ(counts().dropped_events, 3U) << "each of them";
  EXPECT_EQ(counts().written_events, 1U);
  EXPECT_EQ(read("good"), Strings{"kept\n"});
  EXPECT_EQ(lines_.count("gbad"), 1U);
}

TEST_F(LogKeeperTest, WhoRemovesTheFolderLosesOnlyWhatWasInIt) {
  line("a", "one");
  settle(1);
  fs::remove_all(folder_ / "logs");
  line("a", "two");
  settle(2);
  EXPECT_EQ(read("a"), Strings{"two\n"});
  EXPECT_EQ(counts().dropped_events, 0U);
}

TEST_F(LogKeeperTest, TheLargestGroupIsTrimmedAndASmallOneKeepsItsLines) {
  options_.logs_max = Bytes::kib(600);
  options_.segment_max = Bytes::kib(64);
  start();
  line("small", "kept");
  for (unsigned i = 0; i < 30; ++i) {
    line("large", std::string(60'000, 'x'));
    settle(i + 2);
  }
  EXPECT_LE(counts().stored, options_.logs_max);
  EXPECT_EQ(read("small"), Strings{"kept\n"});
  const auto large = read("large").size();
  EXPECT_GE(large, 8U);
  EXPECT_LE(large, 10U);
}

TEST_F(LogKeeperTest, WhatIsTooOldIsRemovedAtTheNextStartAtTheLatest) {
  options_.log_age_max = hours(24);
  options_.usage_age_max = hours(24);
  writers_[0]->call_ended(stream_of("a"), request_id(1), call_record());
  settle(1);
  // Files of an earlier process are as old as their last change.
  keeper_.reset();
  for (const auto& file : segments_in(folder_)) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - hours(24 * 365 * 30));
  }
  clock_.advance(hours(26));
  start();
  EXPECT_TRUE(read("a").empty());
  EXPECT_TRUE(usage().empty());
  EXPECT_TRUE(segments_in(folder_).empty());
  const auto groups = await(keeper_->groups("123456789012", "eu-central-1", ""));
  EXPECT_EQ(groups.value().size(), 1U) << "the group itself stays";
}

TEST_F(LogKeeperTest, ReadersOfPipesAreToldWhenTheDiskHasTakenIt) {
  int resumed = 0;
  const std::string part(std::size_t{1} << 18U, 'x');
  std::uint64_t entries = 0;
  for (; entries < 64 && !writers_[0]->is_congested(); ++entries) line("a", part);
  writers_[0]->call_when_clear([&resumed] { ++resumed; });
  settle(entries);
  const auto limit = std::chrono::steady_clock::now() + seconds(60);
  while (resumed == 0 && std::chrono::steady_clock::now() < limit) {
    shard_.restart();
    shard_.poll();
  }
  line("a", "x");
  settle(entries + 1);
  shard_.restart();
  shard_.poll();
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(counts().dropped_events, 0U);
  EXPECT_EQ(read("a").size(), entries + 1);
}

TEST_F(LogKeeperTest, ShardsAndReadersDoNotDisturbEachOther) {
  start(2);
  constexpr unsigned kLines = 2000;
  std::vector<std::thread> shards;
  for (unsigned shard = 0; shard < 2; ++shard) {
    shards.emplace_back([this, shard] {
      const auto own = stream_of("own" + std::to_string(shard), shard);
      const auto shared = stream_of("shared", shard);
      for (unsigned i = 0; i < kLines; ++i) {
        writers_[shard]->output(own, request_id(i), std::to_string(i));
        writers_[shard]->output(shared, request_id(i), std::to_string(i));
        clock_.advance(microseconds(10));
      }
    });
  }
  LogQuery follow;
  follow.group = key("shared");
  Strings followed;
  while (followed.size() < 2 * kLines) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    const auto woken =
        await(keeper_->wait(follow.group, follow.after.value_or(LogPosition()), deadline));
    ASSERT_TRUE(woken.value()) << followed.size();
    const auto page = read(follow);
    for (auto& message : messages(page.events)) followed.push_back(std::move(message));
    follow.after = page.next;
  }
  for (auto& shard : shards) shard.join();
  settle(4 * kLines);
  EXPECT_EQ(followed, read("shared"));
  for (unsigned shard = 0; shard < 2; ++shard) {
    const auto own = read("own" + std::to_string(shard));
    ASSERT_EQ(own.size(), kLines);
    for (unsigned i = 0; i < kLines; ++i) ASSERT_EQ(own[i], std::to_string(i) + "\n");
  }
  EXPECT_EQ(counts().dropped_events, 0U);
}

TEST_F(LogKeeperTest, OneThatNobodyOpenedOrClosedEndsAllTheSame) {
  keeper_.reset();
  { const LogKeeper unopened(options_, clock_, telemetry::Logger()); }
  write_bytes(folder_ / "file", "");
  options_.logs_folder = folder_ / "file";
  LogKeeper failed(options_, clock_, telemetry::Logger());
  const auto opened = failed.open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find((folder_ / "file").string()), std::string::npos);
  options_.logs_folder = folder_ / "logs";
  start();
  line("a", "x");  // and the destructor closes it
}

}  // namespace
}  // namespace proa::logs
