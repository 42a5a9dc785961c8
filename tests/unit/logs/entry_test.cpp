#include "logs/entry.h"

#include "unit/logs/logs_fixture.h"

#include <gtest/gtest.h>

namespace proa::logs {
namespace {

WallTime at_noon() { return WallTime(std::chrono::milliseconds(1'735'732'800'123)); }

std::string entry_of(EntryKind kind, const LogStream& stream, std::string_view body,
                     const RequestId& request = request_id(1)) {
  std::string out;
  encode_entry(out, kind, stream, request, body);
  return out;
}

std::vector<std::string> messages_in(std::string_view payload) {
  const auto entry = decode_entry(payload);
  EXPECT_TRUE(entry);
  return entry ? messages_of(*entry, at_noon()) : std::vector<std::string>();
}

TEST(Entry, ReadsBackWhatWasWritten) {
  auto function = make_function();
  function->version = "12";
  function->logging.format = model::LogFormat::json;
  function->logging.system_level = model::LogLevel::warn;
  const auto stream = make_stream(function, environment_id(1), at_noon());
  const std::string payload = entry_of(EntryKind::output, *stream, std::string("a\0b", 3));
  const auto entry = decode_entry(payload);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->kind, EntryKind::output);
  EXPECT_TRUE(entry->is_json);
  EXPECT_EQ(entry->system_level, model::LogLevel::warn);
  EXPECT_EQ(entry->version, "12");
  EXPECT_EQ(entry->request, request_id(1));
  EXPECT_EQ(entry->body, std::string("a\0b", 3));
  EXPECT_EQ(stream_name(*entry), stream->name());
  EXPECT_EQ(stream->name(), "2025/01/01/[12]" + environment_id(1));
  EXPECT_EQ(stream->group, (GroupKey{"123456789012", "eu-central-1", "/aws/lambda/f"}));
}

TEST(Entry, TheGroupIsTheOneThatWasAskedFor) {
  auto function = make_function();
  function->logging.group = "/my/group";
  EXPECT_EQ(make_stream(function, environment_id(1), at_noon())->group.name, "/my/group");
}

TEST(Entry, TellsTheFunctionWhereTheGroupDoesNot) {
  auto function = make_function("f");
  for (const char* group : {"", "/my/group", "/aws/lambda/g", "/aws/lambda/f2", "/aws/lambda/"}) {
    function->logging.group = group;
    const auto stream = make_stream(function, environment_id(1), at_noon());
    const std::string payload = entry_of(EntryKind::output, *stream, "line");
    const auto entry = decode_entry(payload);
    ASSERT_TRUE(entry) << group;
    EXPECT_EQ(entry->function, *group == '\0' ? "" : "f") << group;
    EXPECT_EQ(function_of(*entry, stream->group.name), "f") << group;
    EXPECT_EQ(entry->request, request_id(1)) << group;
    EXPECT_EQ(entry->body, "line") << group;
  }
}

TEST(Entry, TheNameOfAStreamIsThatOfItsDayAlsoAtTheEndsOfTime) {
  for (const std::int64_t seconds : {0LL, 86'399LL, 1'735'689'599LL, 9'000'000'000LL}) {
    const WallTime created{std::chrono::seconds(seconds)};
    const auto stream = make_stream(make_function(), environment_id(1), created);
    const auto payload = entry_of(EntryKind::output, *stream, "");
    const auto entry = decode_entry(payload);
    ASSERT_TRUE(entry) << seconds;
    EXPECT_EQ(stream_name(*entry), stream->name());
  }
}

TEST(Entry, BytesThatAreNoEntryAreNone) {
  const auto stream = make_stream(make_function(), environment_id(1), at_noon());
  const std::string whole = entry_of(EntryKind::output, *stream, "");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_entry(std::string_view(whole).substr(0, size))) << size;
  }
  for (const char kind : {'\0', '\6', '\xFF'}) {
    std::string other = whole;
    other[0] = kind;
    EXPECT_FALSE(decode_entry(other));
  }
}

TEST(Entry, ATimeThatNoClockHasIsTheLastOne) {
  const auto stream = make_stream(make_function(), environment_id(1), at_noon());
  std::string payload = entry_of(EntryKind::output, *stream, "x");
  payload.replace(18, 4, std::string(9, '\xFF') + '\1');  // minutes
  const auto entry = decode_entry(payload);
  ASSERT_TRUE(entry);
  EXPECT_EQ(stream_name(*entry).substr(0, 5), "2262/");
}

TEST(Entry, MessagesAreUtf8WhateverFunctionsAndCallersSend) {
  const auto stream = make_stream(make_function(), environment_id(1), at_noon());
  EXPECT_EQ(messages_in(entry_of(EntryKind::output, *stream, "a\xC3")),
            (std::vector<std::string>{"a\xEF\xBF\xBD\n"}));
  CallRecord record = call_record();
  record.status = CallStatus::error;
  record.error_type = "Bad\xFF";
  record.error_message = "It broke";
  const auto lines = messages_in(entry_of(EntryKind::call_ended, *stream, encoded(record)));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0],
            "RequestId: ab000000-0000-0000-0000-000000000001 Error: It broke\nBad\xEF\xBF\xBD\n");
  auto function = make_function();
  function->logging.format = model::LogFormat::json;
  const auto json = make_stream(function, environment_id(1), at_noon());
  const auto start = messages_in(entry_of(EntryKind::call_began, *json, "Root=\xFF"));
  ASSERT_EQ(start.size(), 1U);
  EXPECT_NE(start[0].find("Root=\xEF\xBF\xBD"), std::string::npos);
  EXPECT_EQ(messages_in(entry_of(EntryKind::output, *json, "{}")),
            (std::vector<std::string>{"{}"}));
}

TEST(Entry, AnInitThatFailedReadsBack) {
  const auto stream = make_stream(make_function(), environment_id(1), at_noon());
  std::string body;
  encode(body, FailedInit{std::chrono::milliseconds(10), "init", "error", "Runtime.ExitError"});
  EXPECT_EQ(messages_in(entry_of(EntryKind::init_failed, *stream, body)),
            (std::vector<std::string>{"INIT_REPORT Init Duration: 10.00 ms\tPhase: init\tStatus: "
                                      "error\tError Type: Runtime.ExitError\n"}));
  body.pop_back();
  EXPECT_TRUE(messages_in(entry_of(EntryKind::init_failed, *stream, body)).empty());
  EXPECT_TRUE(messages_in(entry_of(EntryKind::call_ended, *stream, "junk")).empty());
}

TEST(Entry, RequestIdsAreUuids) {
  const auto id = parse_request_id("0123ABCD-4567-89ab-cdef-0123456789ab");
  EXPECT_EQ(to_string(id), "0123abcd-4567-89ab-cdef-0123456789ab");
  for (const char* text : {"", "0123abcd", "0123abcd-4567-89ab-cdef-0123456789ab0",
                           "0123abcd-4567-89ab-cdef-0123456789ag"}) {
    EXPECT_EQ(parse_request_id(text), RequestId{}) << text;
  }
}

}  // namespace
}  // namespace proa::logs
