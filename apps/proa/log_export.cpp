#include "log_export.h"

#include "model/trace_context.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <utility>

namespace proa::apps {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::size_t kRecordsMax = 512;
constexpr Bytes kBatchBytes = Bytes::kib(512);
constexpr Bytes kPageBytes = Bytes::mib(2);
/// Calls that are never seen to end (a forced stop) must not be kept for good.
constexpr std::size_t kTracesMax = 10'000;

/// "2026/11/26/[$LATEST]ENVIRONMENT"
std::pair<std::string, std::string> version_and_environment(const std::string& stream) {
  const std::size_t open = stream.find('[');
  const std::size_t end = stream.rfind(']');
  if (open == stream.npos || end == stream.npos || end < open) return {};
  return {stream.substr(open + 1, end - open - 1), stream.substr(end + 1)};
}

/// What a line in format JSON says of itself. The platform's own lines say nothing, and are no
/// trouble but where they tell of one.
std::optional<model::LogLevel> level_of(const logs::LogEvent& event) {
  if (event.message.starts_with("{") && event.message.find("\"level\"") != std::string::npos) {
    json::error_code failed;
    const json::value line = json::parse(event.message, failed);
    const json::object* object = failed ? nullptr : line.if_object();
    const json::value* level = object == nullptr ? nullptr : object->if_contains("level");
    if (level != nullptr && level->is_string()) {
      const json::string& text = level->get_string();
      const auto known = model::parse_log_level(std::string_view(text.data(), text.size()));
      if (known) return known;
    }
  }
  if (event.is_platform) return model::LogLevel::info;
  return std::nullopt;
}

bool is_full(const std::vector<otlp::LogRecord>& records, std::uint64_t bytes) {
  return records.size() >= kRecordsMax || bytes >= kBatchBytes.count();
}

}  // namespace

LogExport::LogExport(logs::LogKeeper& keeper, const std::filesystem::path& data,
                     otlp::Identity identity, Clock& clock, const telemetry::Logger& log)
    : tail_(keeper, data / "logs" / "exported.json", clock, log),
      identity_(std::move(identity)),
      clock_(clock),
      log_(log) {}

otlp::Signal LogExport::signal() {
  otlp::Signal signal;
  signal.name = "logs";
  signal.take = [this] { return take(); };
  signal.done = [this] { tail_.delivered(); };
  return signal;
}

asio::awaitable<otlp::Taken> LogExport::take() {
  otlp::Taken taken;
  auto page = co_await tail_.next(kPageBytes);
  if (!page) {
    log_.error("logs_not_exported", {{"reason", page.error().message()}});
    co_return taken;
  }
  taken.has_more = page.value().has_more;
  std::vector<otlp::LogRecord> records;
  std::uint64_t bytes = 0;
  const auto flush = [&] {
    if (records.empty()) return;
    const std::size_t count = records.size();
    taken.batches.push_back({otlp::logs_body(records, identity_, clock_.wall_now()), count});
    records.clear();
    bytes = 0;
  };
  for (auto& [group, events] : page.value().groups) {
    for (logs::LogEvent& event : events) {
      bytes += event.message.size();
      records.push_back(record_of(group, std::move(event)));
      if (is_full(records, bytes)) flush();
    }
  }
  flush();
  co_return taken;
}

void LogExport::note_trace(const logs::LogEvent& event) {
  const auto trace = model::parse_xray_header(event.trace_id);
  if (!trace) return;
  if (traces_.size() >= kTracesMax) traces_.clear();
  // Parent is the call's own span where one is recorded, else somebody's outside.
  const bool is_recorded = trace->is_sampled.value_or(false);
  traces_[event.request_id] = {trace->trace_id, is_recorded ? trace->parent_id : ""};
}

otlp::LogRecord LogExport::record_of(const logs::GroupKey& group, logs::LogEvent event) {
  otlp::LogRecord record;
  if (!event.trace_id.empty()) note_trace(event);
  const auto trace = traces_.find(event.request_id);
  if (trace != traces_.end()) {
    record.trace_id = trace->second.trace_id;
    record.span_id = trace->second.span_id;
  }
  record.level = level_of(event);
  record.time = event.time;
  record.account_id = group.account_id;
  record.region = group.region;
  record.log_group = group.name;
  record.log_stream = event.stream;
  std::tie(record.version, record.environment_id) = version_and_environment(event.stream);
  record.function = std::move(event.function);
  record.request_id = std::move(event.request_id);
  record.is_platform = event.is_platform;
  if (event.message.ends_with('\n')) event.message.pop_back();
  record.text = std::move(event.message);
  return record;
}

}  // namespace proa::apps
