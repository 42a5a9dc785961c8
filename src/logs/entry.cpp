#include "logs/entry.h"

#include "base/encoding.h"
#include "logs/fields.h"
#include "logs/platform_lines.h"
#include "logs/utf8.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

namespace proa::logs {
namespace {

constexpr std::uint8_t kJson = 1;
constexpr unsigned kLevelAt = 1;
constexpr std::uint8_t kLevelMask = 3;
constexpr std::uint8_t kHasFunction = 8;
constexpr std::size_t kEnvironmentSize = 16;
constexpr std::string_view kOwnGroup = "/aws/lambda/";

bool tells_function(std::string_view group, std::string_view function) {
  return group.starts_with(kOwnGroup) && group.substr(kOwnGroup.size()) == function;
}

std::uint8_t flags_of(const LogStream& stream) {
  const model::FunctionVersion& function = *stream.function;
  const auto level = static_cast<std::uint8_t>(function.logging.system_level);
  unsigned flags = static_cast<unsigned>(level) << kLevelAt;
  if (function.logging.format == model::LogFormat::json) flags |= kJson;
  if (!tells_function(stream.group.name, function.name)) flags |= kHasFunction;
  return static_cast<std::uint8_t>(flags);
}

constexpr std::uint8_t kNoDigit = 16;

/// The value of each character as a hexadecimal digit: every call asks 32 times.
constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 10; ++i) values[std::size_t{'0'} + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i)
    values[std::size_t{'a'} + i] = values[std::size_t{'A'} + i] = 10 + i;
  return values;
}();

/// 32 digits, with or without dashes between them; zeros for anything else.
RequestId parse_hex(std::string_view text) {
  RequestId out{};
  std::size_t digits = 0;
  unsigned byte = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const unsigned value = kDigits[static_cast<unsigned char>(c)];
    if (value == kNoDigit || digits == 2 * out.size()) return {};
    byte = byte << 4U | value;
    if (digits % 2 != 0) out[digits / 2] = static_cast<std::byte>(byte & 0xFFU);
    ++digits;
  }
  return digits == 2 * out.size() ? out : RequestId{};
}

std::string stream_name(WallTime created, std::string_view version, std::string_view environment) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(created);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 16> day{};
  std::strftime(day.data(), day.size(), "%Y/%m/%d/", &utc);
  return std::string(day.data()).append("[").append(version).append("]").append(environment);
}

/// What functions, runtimes and callers chose may be no UTF-8.
std::vector<std::string> raw_messages_of(const Entry& entry, WallTime time) {
  const PlatformLines lines{entry.is_json, entry.system_level, time, entry.request, entry.version};
  switch (entry.kind) {
    case EntryKind::output: {
      std::string line(entry.body);
      if (!entry.is_json) line.push_back('\n');
      return {std::move(line)};
    }
    case EntryKind::init_began:
      return lines.init_began(entry.body);
    case EntryKind::call_began:
      return lines.call_began(entry.body);
    case EntryKind::call_ended: {
      const auto record = decode_call_record(entry.body);
      return record ? lines.call_ended(*record) : std::vector<std::string>();
    }
    case EntryKind::init_failed: {
      FieldReader fields(entry.body);
      FailedInit init;
      init.duration = fields.time();
      init.phase = fields.text();
      init.status = fields.text();
      init.error_type = fields.text();
      return fields.is_whole() ? lines.init_failed(init) : std::vector<std::string>();
    }
  }
  return {};
}

}  // namespace

RequestId parse_request_id(std::string_view text) { return parse_hex(text); }

std::string to_string(const RequestId& id) {
  std::string digits = to_hex(id);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) digits.insert(at, 1, '-');
  return digits;
}

std::string LogStream::name() const {
  return stream_name(created, function->version, environment_id);
}

LogStreamPtr make_stream(model::FunctionPtr function, std::string environment_id,
                         WallTime created) {
  auto stream = std::make_shared<LogStream>();
  stream->group = {function->account_id, function->region, function->log_group()};
  stream->environment_id = std::move(environment_id);
  stream->created = created;
  stream->function = std::move(function);
  stream->head = encode_head(*stream);
  stream->usage_head = encode_usage_head(*stream);
  return stream;
}

std::string encode_head(const LogStream& stream) {
  std::string out(1, static_cast<char>(flags_of(stream)));
  const RequestId environment = parse_hex(stream.environment_id);
  out.append(as_chars(environment));
  const auto minutes =
      std::chrono::floor<std::chrono::minutes>(stream.created.time_since_epoch()).count();
  put_varint(out, static_cast<std::uint64_t>(std::max<std::int64_t>(minutes, 0)));
  put_text(out, stream.function->version);
  if (!tells_function(stream.group.name, stream.function->name)) {
    put_text(out, stream.function->name);
  }
  return out;
}

void encode_entry(std::string& out, EntryKind kind, const LogStream& stream,
                  const RequestId& request, std::string_view body) {
  out.push_back(static_cast<char>(kind));
  out.append(stream.head).append(as_chars(request)).append(body);
}

std::optional<Entry> decode_entry(std::string_view payload) {
  FieldReader fields(payload);
  Entry entry;
  const std::uint8_t kind = fields.byte();
  const std::uint8_t flags = fields.byte();
  entry.environment = fields.bytes(kEnvironmentSize);
  constexpr auto kLastMinute = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::minutes>(WallTime::max().time_since_epoch()).count());
  const auto minutes = std::min(fields.varint(), kLastMinute);
  entry.created = WallTime(std::chrono::minutes(minutes));
  entry.version = fields.text();
  if ((flags & kHasFunction) != 0) entry.function = fields.text();
  const std::string_view request = fields.bytes(entry.request.size());
  if (!fields.is_whole()) return std::nullopt;
  if (kind < static_cast<std::uint8_t>(EntryKind::output) ||
      kind > static_cast<std::uint8_t>(EntryKind::call_ended)) {
    return std::nullopt;
  }
  std::memcpy(entry.request.data(), request.data(), request.size());
  entry.kind = static_cast<EntryKind>(kind);
  entry.is_json = (flags & kJson) != 0;
  entry.system_level = static_cast<model::LogLevel>(flags >> kLevelAt & kLevelMask);
  entry.body = fields.rest();
  return entry;
}

std::string stream_name(const Entry& entry) {
  const auto bytes = std::as_bytes(std::span(entry.environment));
  return stream_name(entry.created, entry.version, to_hex(bytes));
}

std::string_view function_of(const Entry& entry, std::string_view group) {
  if (!entry.function.empty() || !group.starts_with(kOwnGroup)) return entry.function;
  return group.substr(kOwnGroup.size());
}

void encode(std::string& out, const FailedInit& init) {
  put_time(out, init.duration);
  put_text(out, init.phase);
  put_text(out, init.status);
  put_text(out, init.error_type);
}

std::vector<std::string> messages_of(const Entry& entry, WallTime time) {
  std::vector<std::string> messages = raw_messages_of(entry, time);
  for (std::string& message : messages) message = valid_utf8(message);
  return messages;
}

}  // namespace proa::logs
