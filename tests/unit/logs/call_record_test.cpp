#include "logs/call_record.h"

#include "logs/fields.h"
#include "unit/logs/logs_fixture.h"

#include <gtest/gtest.h>

namespace proa::logs {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(CallRecord, ReadsBackWhatWasWritten) {
  CallRecord record = call_record();
  record.init_duration = microseconds(123'456);
  record.status = CallStatus::timeout;
  record.start = model::Start::cold;
  record.error_type = "Sandbox.Timedout";
  record.error_message = "Task timed out after 3.00 seconds";
  EXPECT_EQ(decode_call_record(encoded(record)), record);
  EXPECT_EQ(decode_call_record(encoded(CallRecord{})), CallRecord{});
}

TEST(CallRecord, BillsWholeMillisecondsRoundedUp) {
  CallRecord record;
  EXPECT_EQ(record.billed(), milliseconds(0));
  record.duration = microseconds(1);
  EXPECT_EQ(record.billed(), milliseconds(1));
  record.duration = milliseconds(2);
  EXPECT_EQ(record.billed(), milliseconds(2));
  record.init_duration = microseconds(1);
  EXPECT_EQ(record.billed(), milliseconds(3)) << "of both together";
}

TEST(CallRecord, BytesThatAreNoneAreNone) {
  const std::string whole = encoded(call_record());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_call_record(std::string_view(whole).substr(0, size))) << size;
  }
  for (const bool is_status : {true, false}) {
    std::string other;
    for (int i = 0; i < 5; ++i) put_varint(other, 0);
    put_varint(other, is_status ? 4 : 0);
    put_varint(other, is_status ? 0 : 4);
    for (int i = 0; i < 4; ++i) put_text(other, "");
    EXPECT_FALSE(decode_call_record(other));
  }
}

TEST(CallRecord, TextsWithoutEndAreCutAndStayUtf8) {
  CallRecord record = call_record();
  record.error_type = std::string(1023, 'x') + "\xC3\xA4 and so on";
  const auto read = decode_call_record(encoded(record));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->error_type, std::string(1023, 'x') + "\xEF\xBF\xBD");
  EXPECT_EQ(read->trace_id, record.trace_id);
}

TEST(CallRecord, NumbersBeyondAllTimeAreTheNearest) {
  std::string bytes;
  for (int i = 0; i < 3; ++i) put_varint(bytes, ~std::uint64_t{0});
  for (int i = 0; i < 4; ++i) put_varint(bytes, 0);
  for (int i = 0; i < 4; ++i) put_text(bytes, "");
  const auto read = decode_call_record(bytes);
  ASSERT_TRUE(read);
  EXPECT_LE(read->begin, WallTime::max());
  EXPECT_GT(read->billed(), milliseconds(0));
  CallRecord before;
  before.begin = WallTime(milliseconds(-5));
  before.duration = microseconds(-1);
  const auto nearest = decode_call_record(encoded(before));
  ASSERT_TRUE(nearest);
  EXPECT_EQ(nearest->begin, WallTime());
  EXPECT_EQ(nearest->duration, microseconds(0));
}

TEST(CallRecord, StatusesAreLambdasWords) {
  EXPECT_EQ(to_string(CallStatus::success), "success");
  EXPECT_EQ(to_string(CallStatus::failure), "failure");
  EXPECT_EQ(to_string(CallStatus::error), "error");
  EXPECT_EQ(to_string(CallStatus::timeout), "timeout");
}

}  // namespace
}  // namespace proa::logs
