#include "logs/usage_log.h"

#include "unit/logs/logs_fixture.h"

#include <gtest/gtest.h>

namespace proa::logs {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using storage::SegmentLog;

class UsageLogTest : public LogsFixture {
 protected:
  void SetUp() override {
    LogsFixture::SetUp();
    SegmentLog::Options options;
    options.segment_max = Bytes(600);
    log_.emplace(SegmentLog::open(folder_ / "usage", "{}", options).value());
  }
  static WallTime at(std::int64_t ms) { return WallTime(milliseconds(1'735'732'800'000 + ms)); }
  /// What is read of a call that put() wrote.
  static UsageRecord record(unsigned request, const std::string& function = "f") {
    UsageRecord out;
    out.account_id = "123456789012";
    out.region = "eu-central-1";
    out.function = function;
    out.version = "$LATEST";
    out.request_id = to_string(request_id(request));
    out.environment_id = environment_id(1);
    out.call = call_record(microseconds(1000 + request));
    return out;
  }
  void put(unsigned request, std::int64_t ms, const std::string& function = "f") {
    const auto stream = make_stream(make_function(function), environment_id(1), at(0));
    const std::string call = encoded(call_record(microseconds(1000 + request)));
    std::string payload;
    encode_usage(payload, *stream, request_id(request), call);
    std::string frames;
    storage::frame_record(frames, at(ms), payload);
    ASSERT_TRUE(log_->append(frames, at(ms), at(ms)));
  }
  static UsageQuery query() {
    UsageQuery out;
    out.account_id = "123456789012";
    out.region = "eu-central-1";
    return out;
  }
  std::vector<UsageRecord> read_all(UsageQuery query) {
    std::vector<UsageRecord> out;
    for (int pages = 0; pages < 200; ++pages) {
      const auto page = scan_usage(log_->segments(), query, damage_);
      EXPECT_TRUE(page) << page.error().message();
      EXPECT_LE(page.value().records.size(), query.max_records);
      for (const auto& one : page.value().records) out.push_back(one);
      if (page.value().is_end) return out;
      EXPECT_NE(query.after, page.value().next) << "a page that does not go on";
      query.after = page.value().next;
    }
    ADD_FAILURE() << "no end";
    return out;
  }

  std::optional<SegmentLog> log_;
  std::vector<Damage> damage_;
};

TEST_F(UsageLogTest, ARecordReadsBackAsItWas) {
  auto function = make_function();
  function->version = "7";
  function->settings.isolation = model::Isolation::microvm;
  const auto stream = make_stream(function, environment_id(4), at(0));
  std::string bytes;
  encode_usage(bytes, *stream, request_id(9), encoded(call_record()));
  const auto record = decode_usage(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->account_id, "123456789012");
  EXPECT_EQ(record->region, "eu-central-1");
  EXPECT_EQ(record->function, "f");
  EXPECT_EQ(record->version, "7");
  EXPECT_EQ(record->request_id, "ab000000-0000-0000-0000-000000000009");
  EXPECT_EQ(record->environment_id, environment_id(4));
  EXPECT_EQ(record->isolation, model::Isolation::microvm);
  EXPECT_EQ(record->call, call_record());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_usage(std::string_view(bytes).substr(0, size))) << size;
  }
  bytes[0] = 2;
  EXPECT_FALSE(decode_usage(bytes)) << "another format";
}

TEST_F(UsageLogTest, PagesOfAnySizeHaveEachRecordOnce) {
  for (unsigned i = 0; i < 30; ++i) put(i, i);
  ASSERT_GT(log_->segments().size(), 3U);
  const auto all = read_all(query());
  ASSERT_EQ(all.size(), 30U);
  microseconds sum(0);
  for (unsigned i = 0; i < 30; ++i) {
    EXPECT_EQ(all[i], record(i));
    sum += all[i].call.duration;
  }
  EXPECT_EQ(sum, microseconds(30 * 1000 + 29 * 15));
  for (std::size_t size = 1; size < 32; ++size) {
    for (const std::uint64_t scanned : {1U, 700U, 1U << 20U}) {
      UsageQuery some = query();
      some.max_records = size;
      some.max_scanned = Bytes(scanned);
      EXPECT_EQ(read_all(some), all) << size;
    }
  }
}

TEST_F(UsageLogTest, AccountsRegionsFunctionsAndTimesChoose) {
  put(1, 1);
  put(2, 2, "other");
  put(3, 3);
  UsageQuery some = query();
  some.function = "f";
  EXPECT_EQ(read_all(some).size(), 2U);
  some.from = at(1) + microseconds(1);
  ASSERT_EQ(read_all(some).size(), 1U);
  EXPECT_EQ(read_all(some)[0], record(3));
  some.from = at(1);
  some.until = at(3);
  ASSERT_EQ(read_all(some).size(), 1U);
  EXPECT_EQ(read_all(some)[0], record(1));
  some = query();
  some.account_id = "999999999999";
  EXPECT_TRUE(read_all(some).empty());
  some = query();
  some.region = "us-east-1";
  EXPECT_TRUE(read_all(some).empty());
}

TEST_F(UsageLogTest, APageGoesOnWhereTheLogGrewAndBehindWhatWasRemoved) {
  put(1, 1);
  UsageQuery more = query();
  more.after = scan_usage(log_->segments(), more, damage_).value().next;
  EXPECT_TRUE(read_all(more).empty());
  put(2, 2);
  EXPECT_EQ(read_all(more), std::vector<UsageRecord>{record(2)});
  for (unsigned i = 3; i < 20; ++i) put(i, i);
  ASSERT_TRUE(log_->remove_oldest());
  const auto rest = read_all(query());
  EXPECT_EQ(read_all(more), rest);
  EXPECT_TRUE(damage_.empty());
}

TEST_F(UsageLogTest, DamageIsPassedOverAndTold) {
  for (unsigned i = 0; i < 10; ++i) put(i, i);
  flip(log_->segments()[0].path, 60);
  EXPECT_EQ(read_all(query()).size(), 9U);
  ASSERT_EQ(damage_.size(), 1U);
  EXPECT_EQ(damage_[0].file, log_->segments()[0].path);
}

TEST_F(UsageLogTest, APlaceThatIsNoneIsRefusedByName) {
  UsageQuery some = query();
  some.after = "nonsense";
  const auto page = scan_usage(log_->segments(), some, damage_);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Errc::invalid);
  EXPECT_NE(page.error().message().find("nonsense"), std::string::npos);
}

}  // namespace
}  // namespace proa::logs
