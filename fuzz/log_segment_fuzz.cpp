// Segments of logs: any bytes of a file, and any payloads in records that are whole. The first byte
// chooses: the file is these bytes; a file with a good head in front of them; records of them,
// parted by line breaks, behind a good head. Every page of it must end, and what is read must be in
// order.
#include "base/check.h"
#include "logs/entry.h"
#include "logs/log_scan.h"
#include "logs/usage_log.h"
#include "storage/segments/frame.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace {

using proa::check;
using proa::storage::SegmentView;
namespace logs = proa::logs;
namespace segments = proa::storage::segments;

const std::string& path() {
  static const std::string made = [] {
    std::string name = "/tmp/proa-log-segment-fuzz-XXXXXX";
    const int file = ::mkstemp(name.data());
    check(file >= 0, "no file for the fuzzer");
    ::close(file);
    static std::string kept = name;
    std::atexit([] { ::unlink(kept.c_str()); });
    return name;
  }();
  return made;
}

std::string head() {
  std::string out(segments::kSegmentMagic);
  segments::put_number(out, std::uint32_t{2});
  segments::put_number(out, segments::crc32("{}"));
  return out.append("{}");
}

std::string file_of(std::uint8_t kind, std::string_view bytes) {
  if (kind % 3 == 0) return std::string(bytes);
  std::string out = head();
  if (kind % 3 == 1) return out.append(bytes);
  std::int64_t us = 0;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.find('\n'), bytes.size());
    proa::storage::frame_record(out, segments::as_wall_time(us++), bytes.substr(0, size));
    bytes.remove_prefix(std::min(size + 1, bytes.size()));
  }
  return out;
}

SegmentView view_of(std::string_view bytes) {
  const int file = ::open(path().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  const bool is_written =
      file >= 0 && ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  check(is_written, "the fuzzer's file cannot be written");
  ::close(file);
  return {path(), 1, proa::WallTime(), proa::WallTime::max(), proa::Bytes(bytes.size())};
}

/// Both ways by small pages, and all at once: the same events, in their order.
void check_pages(const std::vector<SegmentView>& segment) {
  std::vector<logs::Damage> damage;
  const auto all = logs::scan(segment, {}, damage);
  check(all.is_end || !all.events.empty(), "a page goes on without events");
  for (const bool is_newest_first : {false, true}) {
    logs::LogQuery query;
    query.max_events = 2;
    query.is_newest_first = is_newest_first;
    std::size_t events = 0;
    for (bool is_end = false; !is_end;) {
      const auto page = logs::scan(segment, query, damage);
      for (std::size_t i = 1; i < page.events.size(); ++i) {
        check(page.events[i - 1].position < page.events[i].position, "events out of order");
      }
      events += page.events.size();
      check(page.is_end || !page.events.empty(), "a small page goes on without events");
      (is_newest_first ? query.before : query.after) = page.next;
      is_end = page.is_end;
    }
    check(!all.is_end || events == all.events.size(), "pages lose or repeat events");
  }
}

/// As the call of a function that says all that the record does.
std::string written_again(const logs::UsageRecord& record) {
  auto function = std::make_shared<proa::model::FunctionVersion>();
  function->account_id = record.account_id;
  function->region = record.region;
  function->name = record.function;
  function->version = record.version;
  function->settings.isolation = record.isolation;
  const auto stream = logs::make_stream(std::move(function), record.environment_id, {});
  std::string call;
  logs::encode(call, record.call);
  std::string out;
  logs::encode_usage(out, *stream, logs::parse_request_id(record.request_id), call);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::vector<SegmentView> segment = {view_of(file_of(data[0], bytes))};
  check_pages(segment);
  std::vector<logs::Damage> damage;
  (void)logs::scan_streams(segment, damage);
  logs::UsageQuery usage;
  usage.max_records = 3;
  (void)logs::scan_usage(segment, usage, damage);
  // The payloads themselves, whatever stands around them.
  if (const auto entry = logs::decode_entry(bytes)) (void)logs::messages_of(*entry, {});
  if (const auto record = logs::decode_usage(bytes)) {
    check(logs::decode_usage(written_again(*record)).has_value(),
          "an accepted usage record cannot be read back");
    (void)record->call.billed();
  }
  return 0;
}
