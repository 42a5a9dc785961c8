#include "logs/platform_lines.h"

#include "base/utc_text.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cmath>
#include <cstdio>

namespace proa::logs {
namespace json = boost::json;
namespace {

using Lines = std::vector<std::string>;

double milliseconds(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1000.0;
}

/// Two decimals, as in the text.
double rounded(std::chrono::microseconds time) {
  return std::round(milliseconds(time) * 100.0) / 100.0;
}

std::string fixed(std::chrono::microseconds time) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.2f ms", milliseconds(time));
  return text.data();
}

bool is_platform_failure(CallStatus status) {
  return status == CallStatus::error || status == CallStatus::timeout;
}

json::object tracing(std::string_view trace_id) {
  json::object out;
  out["type"] = "X-Amzn-Trace-Id";
  out["value"] = trace_id;
  return out;
}

std::string event(WallTime time, std::string_view type, json::object record) {
  json::object out;
  out["time"] = utc_text(time, "Z");
  out["type"] = type;
  out["record"] = std::move(record);
  return json::serialize(out);
}

/// What timed out or broke, as Lambda tells it in front of END; or nothing.
std::string fault_text(WallTime time, const std::string& request, const CallRecord& record) {
  if (record.error_message.empty()) return {};
  if (record.status == CallStatus::timeout) {
    return utc_text(time, "Z") + " " + request + " " + record.error_message + "\n";
  }
  return "RequestId: " + request + " Error: " + record.error_message + "\n" + record.error_type +
         "\n";
}

std::string report_text(const std::string& request, const CallRecord& record) {
  std::string text = "REPORT RequestId: " + request + "\tDuration: " + fixed(record.duration) +
                     "\tBilled Duration: " + std::to_string(record.billed().count()) +
                     " ms\tMemory Size: " + std::to_string(record.memory_mib) +
                     " MB\tMax Memory Used: " + std::to_string(record.max_memory_used.mib_ceil()) +
                     " MB\t";
  if (record.init_duration.count() != 0) {
    text += "Init Duration: " + fixed(record.init_duration) + "\t";
  }
  if (is_platform_failure(record.status)) {
    text.append("Status: ").append(to_string(record.status)).append("\t");
    if (record.status == CallStatus::error && !record.error_type.empty()) {
      text += "Error Type: " + record.error_type + "\t";
    }
  }
  return text + "\n";
}

json::object end_of(const std::string& request, const CallRecord& record) {
  json::object out;
  out["requestId"] = request;
  out["status"] = to_string(record.status);
  if (!record.error_type.empty()) out["errorType"] = record.error_type;
  if (!record.trace_id.empty()) out["tracing"] = tracing(record.trace_id);
  return out;
}

json::object report_json(const std::string& request, const CallRecord& record) {
  json::object metrics;
  metrics["durationMs"] = rounded(record.duration);
  metrics["billedDurationMs"] = record.billed().count();
  metrics["memorySizeMB"] = record.memory_mib;
  metrics["maxMemoryUsedMB"] = record.max_memory_used.mib_ceil();
  if (record.init_duration.count() != 0) {
    metrics["initDurationMs"] = rounded(record.init_duration);
  }
  json::object out = end_of(request, record);
  out["metrics"] = std::move(metrics);
  return out;
}

}  // namespace

Lines PlatformLines::init_began(std::string_view runtime_identity) const {
  if (!is_json) return {"INIT_START Runtime Version: " + std::string(runtime_identity) + "\n"};
  if (system_level > model::LogLevel::info) return {};
  json::object record;
  record["initializationType"] = "on-demand";
  record["phase"] = "init";
  record["runtimeVersion"] = runtime_identity;
  record["functionVersion"] = version;
  return {event(time, "platform.initStart", std::move(record))};
}

Lines PlatformLines::init_failed(const FailedInit& init) const {
  if (!is_json) {
    std::string text = "INIT_REPORT Init Duration: " + fixed(init.duration) +
                       "\tPhase: " + init.phase + "\tStatus: " + init.status;
    if (!init.error_type.empty()) text += "\tError Type: " + init.error_type;
    return {text + "\n"};
  }
  json::object metrics;
  metrics["durationMs"] = rounded(init.duration);
  json::object record;
  record["initializationType"] = "on-demand";
  record["phase"] = init.phase;
  record["status"] = init.status;
  if (!init.error_type.empty()) record["errorType"] = init.error_type;
  record["metrics"] = std::move(metrics);
  return {event(time, "platform.initReport", std::move(record))};
}

Lines PlatformLines::call_began(std::string_view trace_id) const {
  const std::string id = to_string(request);
  if (!is_json) {
    return {"START RequestId: " + id + " Version: " + std::string(version) + "\n"};
  }
  if (system_level > model::LogLevel::info) return {};
  json::object record;
  record["requestId"] = id;
  record["version"] = version;
  if (!trace_id.empty()) record["tracing"] = tracing(trace_id);
  return {event(time, "platform.start", std::move(record))};
}

Lines PlatformLines::call_ended(const CallRecord& record) const {
  const std::string id = to_string(request);
  Lines lines;
  if (!is_json) {
    std::string fault =
        is_platform_failure(record.status) ? fault_text(time, id, record) : std::string();
    if (!fault.empty()) lines.push_back(std::move(fault));
    lines.push_back("END RequestId: " + id + "\n");
    lines.push_back(report_text(id, record));
    return lines;
  }
  // The levels of these events: "System log level event mapping" of the page above.
  const bool is_success = record.status == CallStatus::success;
  if (!is_success || system_level <= model::LogLevel::debug) {
    json::object done = end_of(id, record);
    json::object metrics;
    metrics["durationMs"] = rounded(record.duration);
    done["metrics"] = std::move(metrics);
    lines.push_back(event(time, "platform.runtimeDone", std::move(done)));
  }
  if (!is_success || system_level <= model::LogLevel::info) {
    lines.push_back(event(time, "platform.report", report_json(id, record)));
  }
  return lines;
}

}  // namespace proa::logs
