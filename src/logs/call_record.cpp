#include "logs/call_record.h"

#include "logs/entry.h"
#include "logs/fields.h"
#include "logs/utf8.h"

#include <algorithm>
#include <array>

namespace proa::logs {
namespace {

constexpr std::array<std::string_view, 4> kStatuses = {"success", "failure", "error", "timeout"};
constexpr std::uint64_t kLastStart = static_cast<std::uint64_t>(model::Start::cold);
/// Of what a function's runtime may have written without end.
constexpr std::size_t kTextMax = 1024;
/// The last whole microsecond that a WallTime can tell: in 2262.
constexpr auto kLastTime =
    std::chrono::floor<std::chrono::microseconds>(WallTime::max().time_since_epoch());

}  // namespace

std::string_view to_string(CallStatus status) {
  return kStatuses[static_cast<std::size_t>(status)];
}

std::chrono::milliseconds CallRecord::billed() const {
  return std::chrono::ceil<std::chrono::milliseconds>(duration + init_duration);
}

void encode(std::string& out, const CallRecord& record) {
  const auto begin = std::chrono::floor<std::chrono::microseconds>(record.begin.time_since_epoch());
  put_time(out, begin);
  put_time(out, record.duration);
  put_time(out, record.init_duration);
  put_varint(out, record.memory_mib);
  put_varint(out, record.max_memory_used.count());
  put_varint(out, static_cast<std::uint64_t>(record.status));
  put_varint(out, static_cast<std::uint64_t>(record.start));
  for (const std::string* text :
       {&record.error_type, &record.error_message, &record.trace_id, &record.runtime_identity}) {
    put_text(out, std::string_view(*text).substr(0, kTextMax));
  }
}

std::optional<CallRecord> decode_call_record(std::string_view bytes) {
  FieldReader fields(bytes);
  CallRecord out;
  out.begin = WallTime(std::min(fields.time(), kLastTime));
  out.duration = fields.time();
  out.init_duration = fields.time();
  out.memory_mib = static_cast<std::uint32_t>(fields.varint());
  out.max_memory_used = Bytes(fields.varint());
  const std::uint64_t status = fields.varint();
  const std::uint64_t start = fields.varint();
  for (std::string* text :
       {&out.error_type, &out.error_message, &out.trace_id, &out.runtime_identity}) {
    *text = valid_utf8(fields.text());
  }
  if (!fields.is_whole() || status >= kStatuses.size() || start > kLastStart) return std::nullopt;
  out.status = static_cast<CallStatus>(status);
  out.start = static_cast<model::Start>(start);
  return out;
}

}  // namespace proa::logs
