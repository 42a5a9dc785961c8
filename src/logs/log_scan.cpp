#include "logs/log_scan.h"

#include "logs/entry.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace proa::logs {
namespace {

using storage::SegmentReader;
using storage::SegmentView;

WallTime whole_milliseconds(WallTime time) {
  return WallTime(std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()));
}

/// Reads the events of one segment that fit a query.
class EventReader {
 public:
  EventReader(SegmentReader& reader, const SegmentView& view, const LogQuery& query,
              std::vector<Damage>& damage)
      : reader_(reader), view_(view), query_(query), damage_(damage) {}

  /// Calls `take` with each until that says no, or nothing is left. Whether nothing is left.
  template <class Take>
  bool for_each(Take&& take) {
    for (;;) {
      const auto record = next_record(reader_, view_, damage_);
      if (!record) return true;
      LogPosition position{view_.number, record->offset, 0};
      if (query_.before && position >= *query_.before) return true;
      const auto entry = decode_entry(record->payload);
      const WallTime time = whole_milliseconds(record->time);
      if (!entry || !fits(*entry, time)) continue;
      for (std::string& message : messages_of(*entry, time)) {
        ++position.part;
        if (query_.before && position >= *query_.before) return true;
        if (!is_wanted(position, message)) continue;
        if (!take(event_of(*entry, position, time, std::move(message)))) return false;
      }
    }
  }

 private:
  bool is_wanted(const LogPosition& position, std::string_view message) const {
    if (query_.after && position <= *query_.after) return false;
    return !query_.matches || query_.matches(message);
  }

  bool fits(const Entry& entry, WallTime time) {
    if (query_.from && time < *query_.from) return false;
    if (query_.until && time >= *query_.until) return false;
    if (!query_.request_id.empty() && !is_wanted(entry.request)) return false;
    if (!query_.function.empty()) {
      const std::string_view function = function_of(entry, query_.group.name);
      if (!function.empty() && function != query_.function) return false;
    }
    if (query_.streams.empty() && query_.stream_prefix.empty()) return true;
    const std::string& name = name_of(entry);
    const auto& streams = query_.streams;
    if (!streams.empty() && std::find(streams.begin(), streams.end(), name) == streams.end()) {
      return false;
    }
    return name.starts_with(query_.stream_prefix);
  }

  /// What is no request id is nobody's: not that of entries without one.
  bool is_wanted(const RequestId& request) const {
    return request == wanted_request_ && wanted_request_ != RequestId{};
  }

  const std::string& name_of(const Entry& entry) {
    if (entry.environment != environment_ || entry.version != version_ || name_.empty()) {
      environment_ = entry.environment;
      version_ = entry.version;
      name_ = stream_name(entry);
    }
    return name_;
  }

  LogEvent event_of(const Entry& entry, LogPosition position, WallTime time, std::string message) {
    LogEvent event{position, time, name_of(entry), {}, std::move(message), {}, {}, false};
    if (entry.request != RequestId{}) event.request_id = to_string(entry.request);
    event.function = function_of(entry, query_.group.name);
    event.is_platform = entry.kind != EntryKind::output;
    if (entry.kind == EntryKind::call_began) event.trace_id = entry.body;
    return event;
  }

  SegmentReader& reader_;
  const SegmentView& view_;
  const LogQuery& query_;
  std::vector<Damage>& damage_;
  const RequestId wanted_request_ = parse_request_id(query_.request_id);
  std::string environment_;
  std::string version_;
  std::string name_;
};

bool may_have(const SegmentView& view, const LogQuery& query) {
  if (query.from && view.last < *query.from) return false;
  if (query.until && view.first >= *query.until) return false;
  if (query.after && view.number < query.after->segment) return false;
  return !query.before || LogPosition{view.number, 0, 0} < *query.before;
}

LogPage scan_forward(const std::vector<SegmentView>& segments, const LogQuery& query,
                     std::vector<Damage>& damage) {
  LogPage page;
  page.next = query.after.value_or(LogPosition());
  std::uint64_t bytes = 0;
  std::uint64_t scanned = 0;
  for (const SegmentView& view : segments) {
    const LogPosition end{view.number, view.size.count(), 0};
    if (end <= page.next) continue;
    if (scanned >= query.max_scanned.count()) return page;
    auto reader = may_have(view, query) ? open_segment(view, damage) : std::nullopt;
    if (reader) {
      const bool is_first = query.after && query.after->segment == view.number;
      if (is_first) reader->seek(query.after->offset);
      const std::uint64_t from = reader->offset();
      const bool is_through =
          EventReader(*reader, view, query, damage).for_each([&](LogEvent event) {
            bytes += event.message.size();
            const bool is_full = page.events.size() == query.max_events ||
                                 (bytes > query.max_bytes.count() && !page.events.empty());
            if (is_full) return false;
            page.next = event.position;
            page.events.push_back(std::move(event));
            return true;
          });
      note_damage(*reader, view, damage);
      if (!is_through) return page;
      scanned += view.size.count() - std::min(from, view.size.count());
    }
    page.next = end;
  }
  page.is_end = true;
  return page;
}

/// The last events that fit, in their order: what a page may still take of older segments.
struct Newest {
  std::deque<LogEvent> events;
  std::size_t room;
  std::uint64_t bytes_room;
  bool is_cut = false;  ///< there was no room for one

  void prepend_last_of(EventReader reader) {
    std::deque<LogEvent> here;
    std::uint64_t bytes = 0;
    reader.for_each([&](LogEvent event) {
      bytes += event.message.size();
      here.push_back(std::move(event));
      while (here.size() > room || (bytes > bytes_room && here.size() + events.size() > 1)) {
        bytes -= here.front().message.size();
        here.pop_front();
        is_cut = true;
      }
      return true;
    });
    room -= here.size();
    bytes_room -= std::min(bytes, bytes_room);
    events.insert(events.begin(), std::make_move_iterator(here.begin()),
                  std::make_move_iterator(here.end()));
  }
};

LogPage scan_backward(const std::vector<SegmentView>& segments, const LogQuery& query,
                      std::vector<Damage>& damage) {
  LogPage page;
  page.is_end = true;
  page.next = query.before.value_or(LogPosition());
  Newest newest{{}, query.max_events, query.max_bytes.count()};
  std::uint64_t scanned = 0;
  for (auto view = segments.rbegin(); page.is_end && view != segments.rend(); ++view) {
    if (!may_have(*view, query)) continue;
    if (scanned >= query.max_scanned.count() || newest.room == 0) {
      page.is_end = false;
      page.next = {view->number + 1, 0, 0};
      break;
    }
    auto reader = open_segment(*view, damage);
    if (!reader) continue;
    newest.prepend_last_of(EventReader(*reader, *view, query, damage));
    note_damage(*reader, *view, damage);
    scanned += view->size.count();
    if (!newest.events.empty()) page.next = newest.events.front().position;
    page.is_end = !newest.is_cut;
  }
  page.events.assign(std::make_move_iterator(newest.events.begin()),
                     std::make_move_iterator(newest.events.end()));
  return page;
}

}  // namespace

std::optional<SegmentReader> open_segment(const SegmentView& view, std::vector<Damage>& damage) {
  auto reader = SegmentReader::open(view);
  if (reader) return std::move(reader.value());
  if (reader.error().code() != Errc::not_found) {
    damage.push_back({view.path, reader.error().message()});
  }
  return std::nullopt;
}

std::optional<SegmentReader::Record> next_record(SegmentReader& reader, const SegmentView& view,
                                                 std::vector<Damage>& damage) {
  auto record = reader.next();
  if (record) return record.value();
  damage.push_back({view.path, record.error().message()});
  return std::nullopt;
}

void note_damage(const SegmentReader& reader, const SegmentView& view,
                 std::vector<Damage>& damage) {
  if (reader.damaged_bytes() == 0) return;
  damage.push_back({view.path, view.path.string() + ": " + std::to_string(reader.damaged_bytes()) +
                                   " bytes belong to no whole record and were passed over"});
}

LogPage scan(const std::vector<SegmentView>& segments, const LogQuery& query,
             std::vector<Damage>& damage) {
  return query.is_newest_first ? scan_backward(segments, query, damage)
                               : scan_forward(segments, query, damage);
}

std::vector<StreamSummary> scan_streams(const std::vector<SegmentView>& segments,
                                        std::vector<Damage>& damage) {
  std::map<std::string, StreamSummary> by_environment;
  for (const SegmentView& view : segments) {
    auto reader = open_segment(view, damage);
    if (!reader) continue;
    while (const auto record = next_record(*reader, view, damage)) {
      const auto entry = decode_entry(record->payload);
      if (!entry) continue;
      const WallTime time = whole_milliseconds(record->time);
      std::string key = std::string(entry->environment).append(entry->version);
      const auto [found, is_new] = by_environment.try_emplace(std::move(key));
      if (is_new) found->second = {stream_name(*entry), time, time};
      found->second.last = std::max(found->second.last, time);
    }
    note_damage(*reader, view, damage);
  }
  std::vector<StreamSummary> out;
  out.reserve(by_environment.size());
  for (auto& [key, summary] : by_environment) out.push_back(std::move(summary));
  std::stable_sort(out.begin(), out.end(), [](const StreamSummary& a, const StreamSummary& b) {
    return a.first < b.first;
  });
  return out;
}

}  // namespace proa::logs
