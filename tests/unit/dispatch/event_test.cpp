#include "dispatch/event.h"

#include <gtest/gtest.h>

namespace proa::dispatch {
namespace {

const std::string kId = "8cd0ee68-8dc3-4e56-a873-9baa1c38a06f";

Event event() {
  Event made;
  made.function = {"000000000000", "us-east-1", "f", "$LATEST"};
  made.invocation.request_id = kId;
  made.invocation.trace_id = "Root=1";
  made.invocation.client_context = R"({"a":1})";
  made.invocation.payload = R"({"n":1})";
  made.accepted = WallTime(std::chrono::milliseconds(1735689600123));
  made.attempts = 2;
  made.last = {"$LATEST", "Unhandled", R"({"errorType":"E"})"};
  made.condition = "RetriesExhausted";
  made.hops = 3;
  return made;
}

TEST(EventTest, ComesBackAsItWasStored) {
  const auto back = decode_event(encode_head(event()), R"({"n":1})");
  ASSERT_TRUE(back) << back.error().message();
  const Event& read = back.value();
  EXPECT_EQ(read.function.arn(), "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST");
  EXPECT_EQ(read.invocation.invoked_arn, read.function.arn());
  EXPECT_EQ(read.invocation.request_id, kId);
  EXPECT_EQ(read.invocation.trace_id, "Root=1");
  EXPECT_EQ(read.invocation.client_context, R"({"a":1})");
  EXPECT_EQ(read.invocation.payload, R"({"n":1})");
  EXPECT_EQ(read.accepted, event().accepted);
  EXPECT_EQ(read.attempts, 2U);
  EXPECT_EQ(read.hops, 3U);
  EXPECT_EQ(read.last.response, R"({"errorType":"E"})");
  EXPECT_EQ(read.condition, "RetriesExhausted");
  EXPECT_EQ(read.group(), "000000000000/us-east-1/f/");
  EXPECT_FALSE(read.invocation.wants_log_tail);
}

TEST(EventTest, ALongResponseIsNotKept) {
  Event made = event();
  made.last.response = "\"" + std::string(kKeptResponseMax, 'x') + "\"";
  const auto back = decode_event(encode_head(made), "{}");
  ASSERT_TRUE(back);
  EXPECT_EQ(back.value().last.response, "");
  EXPECT_TRUE(back.value().last.has_run());
}

TEST(EventTest, RefusesWhatIsNotSuchARecord) {
  for (const std::string head : {"", "[]", "{", R"({"format":1})", R"({"format":"1"})"}) {
    const auto back = decode_event(head, "{}");
    ASSERT_FALSE(back) << head;
    EXPECT_EQ(back.error().code(), Errc::corrupt) << head;
  }
  std::string more = encode_head(event());
  more.insert(1, R"("surprise":1,)");
  EXPECT_EQ(decode_event(more, "{}").error().code(), Errc::corrupt);
  std::string short_id = encode_head(event());
  short_id.replace(short_id.find(kId), kId.size(), "1");  // an environment would not take it
  EXPECT_EQ(decode_event(short_id, "{}").error().code(), Errc::corrupt);
  std::string negative = encode_head(event());
  negative.replace(negative.find("1735689600123"), 13, "-735689600123");
  EXPECT_EQ(decode_event(negative, "{}").error().code(), Errc::corrupt);
}

TEST(EventTest, ANewerFormatIsNamed) {
  const auto back = decode_event(R"({"format":2,"new":true})", "{}");
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code(), Errc::unsupported);
}

}  // namespace
}  // namespace proa::dispatch
