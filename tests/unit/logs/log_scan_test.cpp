#include "logs/log_scan.h"

#include "unit/logs/logs_fixture.h"

#include <gtest/gtest.h>

namespace proa::logs {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using storage::SegmentLog;

class LogScanTest : public LogsFixture {
 protected:
  void SetUp() override {
    LogsFixture::SetUp();
    log_.emplace(open());
  }
  SegmentLog open(Bytes segment_max = Bytes(500)) {
    SegmentLog::Options options;
    options.segment_max = segment_max;
    return SegmentLog::open(folder_ / "g", "{}", options).value();
  }
  static WallTime at(std::int64_t ms) { return WallTime(milliseconds(1'735'732'800'000 + ms)); }
  LogStreamPtr stream(unsigned n = 1) {
    return make_stream(make_function(), environment_id(n), at(0));
  }
  LogStreamPtr json_stream(model::LogLevel level) {
    auto function = make_function();
    function->logging.format = model::LogFormat::json;
    function->logging.system_level = level;
    return make_stream(function, environment_id(1), at(0));
  }
  void put(EntryKind kind, const LogStreamPtr& stream, unsigned request, std::string_view body,
           WallTime time) {
    std::string payload;
    const RequestId id = request == 0 ? RequestId{} : request_id(request);
    encode_entry(payload, kind, *stream, id, body);
    std::string frames;
    storage::frame_record(frames, time, payload);
    const auto done = log_->append(frames, time, time);
    ASSERT_TRUE(done) << done.error().message();
  }
  void line(std::string_view text, std::int64_t ms, unsigned request = 1,
            unsigned environment = 1) {
    put(EntryKind::output, stream(environment), request, text, at(ms));
  }
  void end_of_call(std::int64_t ms, unsigned request = 1) {
    put(EntryKind::call_ended, stream(), request, encoded(call_record()), at(ms));
  }
  /// Calls of three events and lines, over some segments: 25 events.
  void put_calls() {
    CallRecord timeout = call_record();
    timeout.status = CallStatus::timeout;
    timeout.error_message = "Task timed out after 3.00 seconds";
    for (unsigned call = 1; call <= 5; ++call) {
      put(EntryKind::call_began, stream(), call, "", at(call * 10));
      line("line " + std::to_string(call), call * 10 + 1, call);
      put(EntryKind::call_ended, stream(), call, encoded(timeout), at(call * 10 + 2));
    }
    ASSERT_GT(log_->segments().size(), 2U);
  }

  LogPage read(const LogQuery& query) { return scan(log_->segments(), query, damage_); }
  /// All pages of a query forward, or newest first and then in order; none is out of bounds.
  std::vector<LogEvent> read_all(LogQuery query) {
    std::vector<LogEvent> out;
    for (int pages = 0; pages < 200; ++pages) {
      LogPage page = read(query);
      EXPECT_LE(page.events.size(), query.max_events);
      const auto where = query.is_newest_first ? out.begin() : out.end();
      out.insert(where, page.events.begin(), page.events.end());
      if (page.is_end) return out;
      auto& cursor = query.is_newest_first ? query.before : query.after;
      EXPECT_NE(cursor, page.next) << "a page that does not go on";
      cursor = page.next;
    }
    ADD_FAILURE() << "no end";
    return out;
  }
  /// Each event once and in order, as one page has them.
  void expect_same(const std::vector<LogEvent>& found, const std::vector<LogEvent>& all) {
    ASSERT_EQ(found.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(found[i].position, all[i].position) << i;
      EXPECT_EQ(found[i].message, all[i].message) << i;
      if (i > 0) {
        EXPECT_LT(found[i - 1].position, found[i].position) << i;
      }
    }
  }

  std::optional<SegmentLog> log_;
  std::vector<Damage> damage_;
};

TEST_F(LogScanTest, AnEventTellsWhatItIs) {
  line("hello \xFF", 7, 3);
  put(EntryKind::init_began, stream(2), 0, "python3.11.2", at(8));
  const auto page = read({});
  ASSERT_EQ(page.events.size(), 2U);
  EXPECT_TRUE(page.is_end);
  EXPECT_EQ(page.events[0].message, "hello \xEF\xBF\xBD\n");
  EXPECT_EQ(page.events[0].time, at(7));
  EXPECT_EQ(page.events[0].stream, "2025/01/01/[$LATEST]" + environment_id(1));
  EXPECT_EQ(page.events[0].stream, stream()->name());
  EXPECT_EQ(page.events[0].request_id, "ab000000-0000-0000-0000-000000000003");
  EXPECT_EQ(page.events[0].position.part, 1U);
  EXPECT_EQ(page.events[1].request_id, "");
  EXPECT_EQ(page.events[1].message, "INIT_START Runtime Version: python3.11.2\n");
}

TEST_F(LogScanTest, PagesOfAnySizeShowEachEventOnceEitherWay) {
  put_calls();
  const auto all = read({}).events;
  ASSERT_EQ(all.size(), 25U) << "START, the line, why it ended, END and REPORT of five calls";
  for (std::size_t size = 1; size <= 26; ++size) {
    for (const bool is_newest_first : {false, true}) {
      SCOPED_TRACE(std::to_string(size) + (is_newest_first ? " newest first" : " forward"));
      LogQuery query;
      query.max_events = size;
      query.is_newest_first = is_newest_first;
      expect_same(read_all(query), all);
    }
  }
  EXPECT_TRUE(damage_.empty());
}

TEST_F(LogScanTest, PagesOfAnyNumberOfBytesShowEachEventOnceEitherWay) {
  put_calls();
  line(std::string(400, 'x'), 90);
  line("last", 91);
  const auto all = read({}).events;
  for (const std::uint64_t bytes : {0U, 1U, 60U, 100U, 150U, 300U, 401U, 700U, 5000U}) {
    for (const bool is_newest_first : {false, true}) {
      SCOPED_TRACE(std::to_string(bytes) + (is_newest_first ? " newest first" : " forward"));
      LogQuery query;
      query.max_bytes = Bytes(bytes);
      query.is_newest_first = is_newest_first;
      expect_same(read_all(query), all);
      std::uint64_t size = 0;
      const auto events = read(query).events;
      for (const auto& event : events) size += event.message.size();
      EXPECT_TRUE(size <= bytes || events.size() == 1) << size;
    }
  }
}

TEST_F(LogScanTest, APageEndsAfterSoMuchWasLookedThroughAndTheNextGoesOn) {
  put_calls();
  line("needle", 90);
  for (int i = 0; i < 30; ++i) line("hay", 91 + i);
  for (const bool is_newest_first : {false, true}) {
    LogQuery query;
    query.max_scanned = Bytes(1);
    query.is_newest_first = is_newest_first;
    query.matches = [](std::string_view message) { return message == "needle\n"; };
    const auto first = read(query);
    EXPECT_TRUE(first.events.empty());
    EXPECT_FALSE(first.is_end);
    EXPECT_EQ(messages(read_all(query)), Strings{"needle\n"});
    query.matches = {};
    query.max_scanned = Bytes(700);
    query.max_events = 3;
    LogQuery unlimited;
    expect_same(read_all(query), read(unlimited).events);
  }
}

TEST_F(LogScanTest, EndAndReportAreTwoEventsOfOneEntry) {
  end_of_call(1);
  line("next", 2);
  LogQuery query;
  query.max_events = 1;
  auto page = read(query);
  ASSERT_EQ(page.events.size(), 1U);
  EXPECT_EQ(page.events[0].message.substr(0, 4), "END ");
  query.after = page.next;
  page = read(query);
  ASSERT_EQ(page.events.size(), 1U);
  EXPECT_EQ(page.events[0].message.substr(0, 7), "REPORT ");
  EXPECT_EQ(page.events[0].position.part, 2U);
  query.after.reset();
  query.before = page.events[0].position;
  query.is_newest_first = true;
  page = read(query);
  ASSERT_EQ(page.events.size(), 1U);
  EXPECT_EQ(page.events[0].message.substr(0, 4), "END ");
}

TEST_F(LogScanTest, TimesAreFromAndBeforeInWholeMilliseconds) {
  put(EntryKind::output, stream(), 1, "a", at(10) + microseconds(1));
  put(EntryKind::output, stream(), 1, "b", at(10) + microseconds(999));
  put(EntryKind::output, stream(), 1, "c", at(11));
  LogQuery query;
  query.from = at(10);
  query.until = at(11);
  EXPECT_EQ(messages(read_all(query)), (Strings{"a\n", "b\n"}));
  query.from = at(11);
  query.until.reset();
  EXPECT_EQ(messages(read_all(query)), Strings{"c\n"});
  query.from = at(12);
  EXPECT_TRUE(read_all(query).empty());
  query = {};
  query.until = at(10);
  EXPECT_TRUE(read_all(query).empty());
}

TEST_F(LogScanTest, TimesFindTheirEventsInEverySegment) {
  for (int i = 0; i < 40; ++i) line(std::to_string(i), i * 10);
  ASSERT_GT(log_->segments().size(), 3U);
  for (int from = 0; from < 40; from += 3) {
    LogQuery query;
    query.from = at(from * 10);
    query.until = at(from * 10 + 21);
    query.is_newest_first = from % 2 == 0;
    const auto found = messages(read_all(query));
    ASSERT_EQ(found.size(), static_cast<std::size_t>(std::min(3, 40 - from))) << from;
    EXPECT_EQ(found[0], std::to_string(from) + "\n");
  }
}

TEST_F(LogScanTest, AClockThatWasSetBackHidesNothing) {
  line("early", 5000);
  line("late", 9000);
  line("again", 6000);
  line("end", 9500);
  EXPECT_EQ(messages(read_all({})), (Strings{"early\n", "late\n", "again\n", "end\n"}));
  LogQuery query;
  query.from = at(5500);
  query.until = at(9000);
  EXPECT_EQ(messages(read_all(query)), Strings{"again\n"});
  query.is_newest_first = true;
  query.max_events = 1;
  query.until = at(9100);
  EXPECT_EQ(messages(read_all(query)), (Strings{"late\n", "again\n"}));
}

TEST_F(LogScanTest, StreamsPrefixesAndRequestsChoose) {
  line("one", 1, 1, 1);
  line("two", 2, 2, 2);
  put(EntryKind::init_began, stream(2), 0, "node", at(3));
  line("three", 4, 1, 3);
  LogQuery query;
  query.streams = {stream(1)->name(), stream(3)->name(), "none"};
  EXPECT_EQ(messages(read_all(query)), (Strings{"one\n", "three\n"}));
  query = {};
  query.stream_prefix = stream(2)->name().substr(0, 20);
  EXPECT_EQ(read_all(query).size(), 4U);
  query.stream_prefix = stream(2)->name();
  EXPECT_EQ(read_all(query).size(), 2U);
  query.stream_prefix = "2025/01/02";
  EXPECT_TRUE(read_all(query).empty());
  query = {};
  query.request_id = "AB000000-0000-0000-0000-000000000001";
  EXPECT_EQ(messages(read_all(query)), (Strings{"one\n", "three\n"}));
  for (const char* none : {"ab000000-0000-0000-0000-000000000009", "no request id",
                           "00000000-0000-0000-0000-000000000000"}) {
    query.request_id = none;
    EXPECT_TRUE(read_all(query).empty()) << none;
  }
}

TEST_F(LogScanTest, WhatALevelLeavesOutIsNoEventAndNoEnd) {
  const auto warn = json_stream(model::LogLevel::warn);
  for (int i = 0; i < 20; ++i) put(EntryKind::call_ended, warn, 1, encoded(call_record()), at(i));
  put(EntryKind::output, warn, 1, R"({"a":1})", at(30));
  for (const bool is_newest_first : {false, true}) {
    LogQuery query;
    query.max_events = 1;
    query.is_newest_first = is_newest_first;
    EXPECT_EQ(messages(read_all(query)), Strings{R"({"a":1})"});
  }
}

TEST_F(LogScanTest, APageGoesOnWhereTheLogGrew) {
  line("a", 1);
  LogQuery query;
  auto page = read(query);
  EXPECT_TRUE(page.is_end);
  query.after = page.next;
  EXPECT_TRUE(read(query).events.empty());
  EXPECT_EQ(read(query).next, page.next);
  line("b", 2);
  EXPECT_EQ(messages(read(query).events), Strings{"b\n"});
  for (int i = 0; i < 20; ++i) line("c", 3);
  EXPECT_EQ(read(query).events.size(), 21U);
  query.after = read(query).next;
  log_.emplace(open());  // another process
  line("d", 4);
  EXPECT_EQ(messages(read(query).events), Strings{"d\n"});
}

TEST_F(LogScanTest, RemovedSegmentsAreNoDamageAndPlacesInThemGoOnBehind) {
  for (int i = 0; i < 20; ++i) line(std::to_string(i), i);
  LogQuery query;
  query.max_events = 1;
  query.after = read(query).next;
  const auto listed = log_->segments();
  ASSERT_TRUE(log_->remove_oldest());
  query.max_events = 100;
  const auto rest = read({}).events;
  ASSERT_FALSE(rest.empty());
  EXPECT_EQ(messages(read(query).events), messages(rest));
  EXPECT_EQ(messages(scan(listed, query, damage_).events), messages(rest)) << "removed meanwhile";
  query.is_newest_first = true;
  query.after.reset();
  EXPECT_EQ(messages(scan(listed, query, damage_).events), messages(rest));
  EXPECT_TRUE(damage_.empty());
}

TEST_F(LogScanTest, DamageCostsWhatItHitAndIsTold) {
  for (int i = 0; i < 20; ++i) line(std::to_string(100 + i), i);
  const auto& segments = log_->segments();
  ASSERT_GT(segments.size(), 2U);
  const std::size_t all = read({}).events.size();
  flip(segments[1].path, 60);
  const auto found = read_all({});
  EXPECT_EQ(found.size(), all - 1);
  ASSERT_EQ(damage_.size(), 1U);
  EXPECT_EQ(damage_[0].file, segments[1].path);
  EXPECT_NE(damage_[0].what.find(segments[1].path), std::string::npos);
  for (std::size_t size = 1; size < 8; ++size) {
    for (const bool is_newest_first : {false, true}) {
      LogQuery query;
      query.max_events = size;
      query.is_newest_first = is_newest_first;
      expect_same(read_all(query), found);
    }
  }
  for (const Damage& one : damage_) EXPECT_EQ(one.file, segments[1].path);
}

TEST_F(LogScanTest, ATornEndIsPassedOverAndALaterProcessGoesOnBehindIt) {
  line("whole", 1);
  line("torn", 2);
  const auto path = log_->segments()[0].path;
  fs::resize_file(path, fs::file_size(path) - 3);
  log_.emplace(open());
  LogQuery query;
  auto page = read(query);
  EXPECT_EQ(messages(page.events), Strings{"whole\n"});
  EXPECT_TRUE(page.is_end);
  ASSERT_EQ(damage_.size(), 1U);
  query.after = page.next;
  EXPECT_TRUE(read(query).events.empty());
  line("later", 3);
  EXPECT_EQ(messages(read(query).events), Strings{"later\n"});
  EXPECT_EQ(messages(read_all({})), (Strings{"whole\n", "later\n"}));
}

TEST_F(LogScanTest, ForeignAndEmptyFilesAreToldAndTheRestIsServed) {
  line("a", 1);
  write_bytes(folder_ / "g" / "5-5.seg", "nobody's");
  write_bytes(folder_ / "g" / "6-6.seg", "");  // killed before its head was written
  write_bytes(folder_ / "g" / "2735732800001-2735732800001.seg", std::string(5000, 'x'));
  log_.emplace(open());
  line("b", 2);
  for (const bool is_newest_first : {false, true}) {
    damage_.clear();
    LogQuery query;
    query.is_newest_first = is_newest_first;
    query.max_events = 10;
    EXPECT_EQ(messages(read(query).events), (Strings{"a\n", "b\n"}));
    EXPECT_EQ(damage_.size(), 3U);
    query.max_events = 1;
    EXPECT_EQ(messages(read_all(query)), (Strings{"a\n", "b\n"}));
  }
  damage_.clear();
  EXPECT_EQ(scan_streams(log_->segments(), damage_).size(), 1U);
  EXPECT_EQ(damage_.size(), 3U);
}

TEST_F(LogScanTest, ATruncatedFileIsServedAsFarAsItGoes) {
  for (int i = 0; i < 6; ++i) line(std::to_string(i), i);
  ASSERT_EQ(log_->segments().size(), 1U);
  const auto listed = log_->segments();
  fs::resize_file(listed[0].path, 200);
  line("new", 7);
  const auto found = messages(read_all({}));
  ASSERT_GE(found.size(), 2U);
  EXPECT_EQ(found.front(), "0\n");
  EXPECT_EQ(found.back(), "new\n");
  ASSERT_FALSE(damage_.empty());
  EXPECT_EQ(damage_[0].file, listed[0].path);
}

TEST_F(LogScanTest, APlaceThatIsNoneIsGoneOnFromAndIsNoDamage) {
  for (int i = 0; i < 3; ++i) line(std::to_string(i), i);
  const auto all = read({}).events;
  LogQuery query;
  query.after = all[0].position;
  query.after->offset += 5;  // a token that somebody made up
  EXPECT_EQ(messages(read(query).events), (Strings{"1\n", "2\n"}));
  query.after->segment += 1'000'000;
  EXPECT_TRUE(read(query).events.empty());
  query.after.reset();
  query.is_newest_first = true;
  query.before = all[2].position;
  query.before->offset -= 5;
  EXPECT_EQ(messages(read(query).events), (Strings{"0\n", "1\n"}));
  query.before = LogPosition{};
  EXPECT_TRUE(read(query).events.empty());
  EXPECT_TRUE(read(query).is_end);
  EXPECT_TRUE(damage_.empty());
}

TEST_F(LogScanTest, StreamsAreInTheOrderOfTheirFirstEvents) {
  line("a", 1, 1, 7);
  line("b", 2, 1, 3);
  for (int i = 0; i < 20; ++i) line("c", 10 + i, 1, 7);
  const auto streams = scan_streams(log_->segments(), damage_);
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0].name, stream(7)->name());
  EXPECT_EQ(streams[0].first, at(1));
  EXPECT_EQ(streams[0].last, at(29));
  EXPECT_EQ(streams[1].name, stream(3)->name());
  EXPECT_EQ(streams[1].first, streams[1].last);
}

}  // namespace
}  // namespace proa::logs
