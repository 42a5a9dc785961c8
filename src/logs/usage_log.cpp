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

std::string encode_usage_head(const LogStream& stream) {
  const model::FunctionVersion& function = *stream.function;
  std::string out(1, static_cast<char>(kFormat));
  for (const std::string* text : {&function.account_id, &function.region, &function.name,
                                  &function.version, &stream.environment_id}) {
    put_text(out, *text);
  }
  return out;
}

// The writer makes one for each call: the call record stands in it as the shard wrote it.
void encode_usage(std::string& out, const LogStream& stream, const RequestId& request,
                  std::string_view record) {
  out.append(stream.usage_head).append(as_chars(request));
  put_varint(out, static_cast<std::uint64_t>(stream.function->settings.isolation));
  out.append(record);
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

namespace {

/// Fills a page out of one segment after the other.
class UsageScan {
 public:
  UsageScan(const UsageQuery& query, LogPosition after, std::vector<Damage>& damage)
      : query_(query), damage_(damage), next_(after) {
    page_.is_end = true;
  }

  /// Whether the page may have more behind it.
  bool take(const storage::SegmentView& view) {
    const LogPosition end{view.number, view.size.count(), 0};
    if (end <= next_) return true;
    auto reader = is_outside(view) ? std::nullopt : open_segment(view, damage_);
    if (reader) {
      page_.is_end = scanned_ < query_.max_scanned.count() && take_records(*reader, view);
      if (!page_.is_end) return false;
      note_damage(*reader, view, damage_);
      scanned_ += view.size.count();
    }
    next_ = end;
    return true;
  }

  UsagePage finish() {
    page_.next = next_.to_text();
    return std::move(page_);
  }

 private:
  bool is_outside(const storage::SegmentView& view) const {
    return (query_.from && view.last < *query_.from) ||
           (query_.until && view.first >= *query_.until);
  }

  /// Whether there was room for all of them.
  bool take_records(storage::SegmentReader& reader, const storage::SegmentView& view) {
    if (next_.segment == view.number) reader.seek(next_.offset);
    while (const auto read = next_record(reader, view, damage_)) {
      const LogPosition position{view.number, read->offset, 1};
      auto record = decode_usage(read->payload);
      if (position <= next_ || !record || !fits(*record, read->time, query_)) continue;
      if (page_.records.size() == query_.max_records) return false;
      page_.records.push_back(std::move(*record));
      next_ = position;
    }
    return true;
  }

  const UsageQuery& query_;
  std::vector<Damage>& damage_;
  LogPosition next_;
  UsagePage page_;
  std::uint64_t scanned_ = 0;
};

}  // namespace

Result<UsagePage> scan_usage(const std::vector<storage::SegmentView>& segments,
                             const UsageQuery& query, std::vector<Damage>& damage) {
  LogPosition after;
  if (!query.after.empty()) {
    const auto position = LogPosition::parse(query.after);
    if (!position) return Error(Errc::invalid, "'" + query.after + "' is no place in the records");
    after = *position;
  }
  UsageScan scan(query, after, damage);
  for (const storage::SegmentView& view : segments) {
    if (!scan.take(view)) break;
  }
  return scan.finish();
}

}  // namespace proa::logs
