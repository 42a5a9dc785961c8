#include "logs/usage_log.h"

#include "base/encoding.h"
#include "logs/entry.h"
#include "logs/fields.h"

#include <cstring>

namespace proa::logs {
namespace {

/// First byte of a record: what follows it. Another format is another number.
constexpr std::uint8_t kFormat = 1;

bool fits(const UsageRecord& record, WallTime ended, const UsageQuery& query) {
  if (record.account_id != query.account_id || record.region != query.region) return false;
  if (!query.function.empty() && record.function != query.function) return false;
  return (!query.from || ended >= *query.from) && (!query.until || ended < *query.until);
}

}  // namespace

UsageRecord usage_of(const LogStream& stream, const RequestId& request, CallRecord call) {
  const model::FunctionVersion& function = *stream.function;
  UsageRecord out;
  out.account_id = function.account_id;
  out.region = function.region;
  out.function = function.name;
  out.version = function.version;
  out.request_id = to_string(request);
  out.environment_id = stream.environment_id;
  out.isolation = function.settings.isolation;
  out.call = std::move(call);
  return out;
}

void encode(std::string& out, const UsageRecord& record) {
  out.push_back(static_cast<char>(kFormat));
  for (const std::string* text : {&record.account_id, &record.region, &record.function,
                                  &record.version, &record.environment_id}) {
    put_text(out, *text);
  }
  out.append(as_chars(parse_request_id(record.request_id)));
  put_varint(out, static_cast<std::uint64_t>(record.isolation));
  encode(out, record.call);
}

std::optional<UsageRecord> decode_usage(std::string_view bytes) {
  FieldReader fields(bytes);
  if (fields.byte() != kFormat) return std::nullopt;
  UsageRecord out;
  for (std::string* text :
       {&out.account_id, &out.region, &out.function, &out.version, &out.environment_id}) {
    *text = fields.text();
  }
  RequestId request{};
  const std::string_view request_bytes = fields.bytes(request.size());
  const std::uint64_t isolation = fields.varint();
  auto call = decode_call_record(fields.rest());
  if (!fields.is_whole() || !call) return std::nullopt;
  if (isolation > static_cast<std::uint64_t>(model::Isolation::microvm)) return std::nullopt;
  std::memcpy(request.data(), request_bytes.data(), request.size());
  out.request_id = to_string(request);
  out.isolation = static_cast<model::Isolation>(isolation);
  out.call = std::move(*call);
  return out;
}

Result<UsagePage> scan_usage(const std::vector<storage::SegmentView>& segments,
                             const UsageQuery& query, std::vector<Damage>& damage) {
  LogPosition next;
  if (!query.after.empty()) {
    const auto after = LogPosition::parse(query.after);
    if (!after) return Error(Errc::invalid, "'" + query.after + "' is no place in the records");
    next = *after;
  }
  UsagePage page;
  page.is_end = true;
  std::uint64_t scanned = 0;
  for (const storage::SegmentView& view : segments) {
    const LogPosition end{view.number, view.size.count(), 0};
    if (end <= next) continue;
    const bool is_outside =
        (query.from && view.last < *query.from) || (query.until && view.first >= *query.until);
    auto reader = is_outside ? std::nullopt : open_segment(view, damage);
    if (reader && scanned >= query.max_scanned.count()) page.is_end = false;
    if (!page.is_end) break;
    if (reader && next.segment == view.number) reader->seek(next.offset);
    while (reader) {
      const auto read = next_record(*reader, view, damage);
      if (!read) break;
      const LogPosition position{view.number, read->offset, 1};
      auto record = decode_usage(read->payload);
      if (position <= next || !record || !fits(*record, read->time, query)) continue;
      page.is_end = page.records.size() < query.max_records;
      if (!page.is_end) break;
      page.records.push_back(std::move(*record));
      next = position;
    }
    if (!page.is_end) break;
    if (reader) note_damage(*reader, view, damage);
    scanned += reader ? view.size.count() : 0;
    next = end;
  }
  page.next = next.to_text();
  return page;
}

}  // namespace proa::logs
