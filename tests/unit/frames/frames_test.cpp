#include "frames/frames.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace proa::frames {
namespace {

using std::literals::operator""sv;

const std::string kRequestId = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::vector<std::byte> invoke_body(const InvokeView& view) {
  std::vector<std::byte> body(invoke_head_size(view));
  encode_invoke_head(view, body);
  const auto payload = bytes_of(view.payload);
  body.insert(body.end(), payload.begin(), payload.end());
  return body;
}

/// A `start` that is right, for tests to spoil one thing of.
struct StartParts {
  std::vector<std::string_view> arguments{"/usr/bin/python3.11", "-u", ""};
  std::vector<std::string_view> variables{"A=1", "EMPTY="};
  StartSpec spec{.uid = 993, .gid = 990, .descriptors = 4, .directory = "/var/task"};

  Status encode(std::vector<std::byte>& body) {
    spec.arguments = arguments;
    spec.variables = variables;
    body.resize(start_body_size(spec));
    return encode_start(spec, body);
  }
  std::vector<std::byte> body() {
    std::vector<std::byte> result;
    EXPECT_EQ(encode(result), Status::ok);
    return result;
  }
};

TEST(Header, IsLittleEndianAndEightBytes) {
  std::array<std::byte, kHeaderSize> bytes{};
  encode_header({.body_size = 0x010203, .type = Type::exited}, bytes);
  EXPECT_EQ(std::memcmp(bytes.data(), "\x03\x02\x01\x00\x51\x00\x00\x00", 8), 0);
  Header header;
  ASSERT_EQ(decode_header(bytes, header), Status::ok);
  EXPECT_EQ(header.body_size, 0x010203U);
  EXPECT_EQ(header.type, Type::exited);
}

TEST(Header, NeedsEightBytes) {
  Header header;
  EXPECT_EQ(decode_header({}, header), Status::need_more);
  EXPECT_EQ(decode_header(bytes_of("\0\0\0\0\x10\0\0"sv), header), Status::need_more);
}

TEST(Header, RefusesReservedBitsAndBodiesBeyondTheLimit) {
  Header header;
  EXPECT_EQ(decode_header(bytes_of("\0\0\0\0\x10\1\0\0"sv), header), Status::malformed);
  EXPECT_EQ(decode_header(bytes_of("\0\0\0\0\x10\0\0\1"sv), header), Status::malformed);
  std::array<std::byte, kHeaderSize> bytes{};
  encode_header({.body_size = kMaxBody, .type = Type::response}, bytes);
  EXPECT_EQ(decode_header(bytes, header), Status::ok);
  encode_header({.body_size = kMaxBody + 1, .type = Type::response}, bytes);
  EXPECT_EQ(decode_header(bytes, header), Status::malformed);
}

TEST(Invoke, ComesBackAsItWasWritten) {
  const InvokeView sent{.deadline_ms = 0x0102030405060708,
                        .request_id = kRequestId,
                        .invoked_arn = "arn:aws:lambda:us-east-1:000000000000:function:f",
                        .trace_id = "Root=1-2-3",
                        .client_context = "{}",
                        .cognito_identity = "",
                        .payload = "{\"k\":\"v\"}"};
  const auto body = invoke_body(sent);
  InvokeView got;
  ASSERT_EQ(decode_invoke(body, got), Status::ok);
  EXPECT_EQ(got.deadline_ms, sent.deadline_ms);
  EXPECT_EQ(got.request_id, sent.request_id);
  EXPECT_EQ(got.invoked_arn, sent.invoked_arn);
  EXPECT_EQ(got.trace_id, sent.trace_id);
  EXPECT_EQ(got.client_context, sent.client_context);
  EXPECT_EQ(got.cognito_identity, "");
  EXPECT_EQ(got.payload, sent.payload);
}

TEST(Invoke, RefusesEveryBodyThatEndsInsideItsHead) {
  const InvokeView view{.request_id = kRequestId, .invoked_arn = "arn", .client_context = "{}"};
  const auto body = invoke_body(view);
  InvokeView got;
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_EQ(decode_invoke(std::span(body).first(size), got), Status::malformed) << size;
  }
  EXPECT_EQ(decode_invoke(body, got), Status::ok);
}

TEST(Invoke, RefusesALengthThatPointsOutside) {
  auto body = invoke_body({.request_id = kRequestId, .payload = "0123456789"});
  std::memset(body.data() + 8 + kRequestIdSize + 2 + 2, 0xff, 4);
  InvokeView got;
  EXPECT_EQ(decode_invoke(body, got), Status::malformed);
}

TEST(InvokeDeathTest, TrapsOnARequestIdOfAnotherLength) {
  const InvokeView view{.request_id = "short"};
  std::vector<std::byte> out(invoke_head_size(view));
  EXPECT_DEATH(encode_invoke_head(view, out), "");
}

TEST(Start, ComesBackWithPointersIntoTheBody) {
  StartParts parts;
  const auto body = parts.body();
  StartView view;
  ASSERT_EQ(decode_start(body, view), Status::ok);
  EXPECT_EQ(view.uid, 993U);
  EXPECT_EQ(view.gid, 990U);
  EXPECT_EQ(view.descriptors, 4);
  EXPECT_EQ(view.directory, "/var/task");
  EXPECT_STREQ(view.directory.data(), "/var/task");
  std::array<const char*, 4> argv{};
  std::array<const char*, 3> envp{};
  start_pointers(view, argv, envp);
  EXPECT_STREQ(argv[0], "/usr/bin/python3.11");
  EXPECT_STREQ(argv[1], "-u");
  EXPECT_STREQ(argv[2], "");
  EXPECT_EQ(argv[3], nullptr);
  EXPECT_STREQ(envp[0], "A=1");
  EXPECT_STREQ(envp[1], "EMPTY=");
  EXPECT_EQ(envp[2], nullptr);
  EXPECT_GE(static_cast<const void*>(argv[0]), static_cast<const void*>(body.data()));
}

TEST(Start, RefusesEveryShorterAndLongerBody) {
  StartParts parts;
  auto body = parts.body();
  StartView view;
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_EQ(decode_start(std::span(body).first(size), view), Status::malformed) << size;
  }
  body.push_back(std::byte{0});
  EXPECT_EQ(decode_start(body, view), Status::malformed);
}

TEST(Start, RefusesIdsThatWouldStayRoot) {
  for (const std::uint32_t id : {0U, 0xffffffffU}) {
    StartParts parts;
    std::vector<std::byte> body;
    parts.spec.uid = id;
    EXPECT_EQ(parts.encode(body), Status::malformed) << id;
    parts.spec.uid = 993;
    parts.spec.gid = id;
    EXPECT_EQ(parts.encode(body), Status::malformed) << id;
  }
}

TEST(Start, RefusesRelativePathsNulsAndNamelessVariables) {
  std::vector<std::byte> body;
  StartParts relative_program;
  relative_program.arguments = {"python3"};
  EXPECT_EQ(relative_program.encode(body), Status::malformed);
  StartParts no_program;
  no_program.arguments = {};
  EXPECT_EQ(no_program.encode(body), Status::malformed);
  StartParts relative_directory;
  relative_directory.spec.directory = "task";
  EXPECT_EQ(relative_directory.encode(body), Status::malformed);
  StartParts inner_nul;
  inner_nul.arguments = {"/bin/sh", "a\0b"sv};
  EXPECT_EQ(inner_nul.encode(body), Status::malformed);
  for (const auto variable : {"NOVALUE"sv, "=value"sv, ""sv}) {
    StartParts nameless;
    nameless.variables = {variable};
    EXPECT_EQ(nameless.encode(body), Status::malformed) << variable;
  }
}

TEST(Start, RefusesAStringWithoutItsNul) {
  StartParts parts;
  auto body = parts.body();
  body.back() = std::byte{'x'};
  StartView view;
  EXPECT_EQ(decode_start(body, view), Status::malformed);
}

TEST(Start, HasLimitsOnCountsDescriptorsAndSize) {
  std::vector<std::byte> body;
  StartParts few;
  few.spec.descriptors = kMinStartDescriptors - 1;
  EXPECT_EQ(few.encode(body), Status::malformed);
  StartParts many;
  many.spec.descriptors = kMaxStartDescriptors + 1;
  EXPECT_EQ(many.encode(body), Status::malformed);
  StartParts arguments;
  arguments.arguments.assign(kMaxStartArguments, "/a");
  EXPECT_EQ(arguments.encode(body), Status::ok);
  arguments.arguments.push_back("/a");
  EXPECT_EQ(arguments.encode(body), Status::malformed);
  StartParts variables;
  variables.variables.assign(kMaxStartVariables + 1, "A=");
  EXPECT_EQ(variables.encode(body), Status::malformed);
  StartParts large;
  const std::string text(kMaxStartBody, 'x');
  large.arguments = {"/a", text};
  EXPECT_EQ(large.encode(body), Status::malformed);
}

TEST(Exited, ComesBackAndHasOneSize) {
  std::array<std::byte, kExitedSize> body{};
  encode_exited({.wait_status = 0x8b, .start_errno = 2}, body);
  ExitedView view;
  ASSERT_EQ(decode_exited(body, view), Status::ok);
  EXPECT_EQ(view.wait_status, 0x8bU);
  EXPECT_EQ(view.start_errno, 2U);
  EXPECT_EQ(decode_exited(std::span(body).first(7), view), Status::malformed);
}

TEST(Memory, ComesBackAndHasOneSize) {
  std::array<std::byte, kMemorySize> body{};
  encode_memory({.peak_bytes = 0x1'2345'6789, .oom_kills = 3}, body);
  EXPECT_EQ(body[4], std::byte{1}) << "little-endian";
  MemoryView view;
  ASSERT_EQ(decode_memory(body, view), Status::ok);
  EXPECT_EQ(view, (MemoryView{.peak_bytes = 0x1'2345'6789, .oom_kills = 3}));
  EXPECT_EQ(decode_memory(std::span(body).first(15), view), Status::malformed);
  body.back() = std::byte{1};
  EXPECT_EQ(decode_memory(body, view), Status::malformed) << "reserved bits";
}

TEST(SetClock, ComesBackAndHasOneSize) {
  std::array<std::byte, kSetClockSize> body{};
  encode_set_clock(1'795'744'019'815'712'200, body);
  std::uint64_t time_ns = 0;
  ASSERT_EQ(decode_set_clock(body, time_ns), Status::ok);
  EXPECT_EQ(time_ns, 1'795'744'019'815'712'200U);
  EXPECT_EQ(decode_set_clock(std::span(body).first(7), time_ns), Status::malformed);
}

TEST(Restore, ComesBackAndIsChecked) {
  RestoreView said{1'795'744'019'815'712'200, true, {}};
  for (std::size_t i = 0; i < said.entropy.size(); ++i) said.entropy[i] = std::byte(i + 1);
  std::array<std::byte, kRestoreSize> body{};
  encode_restore(said, body);
  RestoreView heard;
  ASSERT_EQ(decode_restore(body, heard), Status::ok);
  EXPECT_EQ(heard.time_ns, said.time_ns);
  EXPECT_TRUE(heard.has_ipv6);
  EXPECT_EQ(heard.entropy, said.entropy);
  EXPECT_EQ(decode_restore(std::span(body).first(kRestoreSize - 1), heard), Status::malformed);
  for (const std::size_t field : {8U, 9U, 10U, 12U}) {
    auto wrong = body;
    wrong[field] = std::byte{2};
    EXPECT_EQ(decode_restore(wrong, heard), Status::malformed) << field;
  }
}

TEST(Mount, ComesBackAndIsChecked) {
  for (const bool has_layers : {false, true}) {
    std::array<std::byte, kMountSize> body{};
    encode_mount({.has_layers = has_layers}, body);
    MountView heard{.has_layers = !has_layers};
    ASSERT_EQ(decode_mount(body, heard), Status::ok);
    EXPECT_EQ(heard.has_layers, has_layers);
    EXPECT_EQ(decode_mount(std::span(body).first(kMountSize - 1), heard), Status::malformed);
    for (const std::size_t field : {0U, 1U, 2U}) {
      auto wrong = body;
      wrong[field] = std::byte{2};
      EXPECT_EQ(decode_mount(wrong, heard), Status::malformed) << field;
    }
  }
}

}  // namespace
}  // namespace proa::frames
