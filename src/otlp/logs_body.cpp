#include "otlp/resource.h"

#include <boost/json/serialize.hpp>

#include <map>
#include <tuple>
#include <utility>

namespace proa::otlp {
namespace {

namespace json = boost::json;

/// SeverityNumber: the lowest of each range, as
/// https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber wants.
int severity_of(model::LogLevel level) { return 1 + 4 * static_cast<int>(level); }

json::string text_of(std::string_view text) {
  return json::string(json::string_view(text.data(), text.size()));
}

json::object record_of(const LogRecord& record, const std::string& observed) {
  Attributes attributes;
  if (!record.request_id.empty()) attributes.add("faas.invocation_id", record.request_id);
  attributes.add("proa.log.source", record.is_platform ? "platform" : "function");
  json::object text;
  text["stringValue"] = text_of(record.text);
  json::object out;
  out["timeUnixNano"] = unix_nanoseconds(record.time);
  out["observedTimeUnixNano"] = observed;
  if (record.level) {
    out["severityNumber"] = severity_of(*record.level);
    out["severityText"] = text_of(model::to_string(*record.level));
  }
  out["body"] = std::move(text);
  out["attributes"] = attributes.take();
  if (!record.trace_id.empty()) out["traceId"] = record.trace_id;
  if (!record.trace_id.empty() && !record.span_id.empty()) out["spanId"] = record.span_id;
  return out;
}

/// What records share: the function in its environment, and where its lines stand.
using ResourceKey = std::tuple<FunctionResource, std::string_view, std::string_view>;

ResourceKey key_of(const LogRecord& record) {
  return {
      {record.account_id, record.region, record.function, record.version, record.environment_id},
      record.log_group,
      record.log_stream};
}

}  // namespace

std::string logs_body(const std::vector<LogRecord>& records, const Identity& identity,
                      WallTime now) {
  const std::string observed = unix_nanoseconds(now);
  std::map<ResourceKey, json::array> by_resource;
  for (const LogRecord& record : records) {
    by_resource[key_of(record)].push_back(record_of(record, observed));
  }
  json::array resources;
  for (auto& [key, list] : by_resource) {
    const auto& [function, group, stream] = key;
    Attributes attributes = attributes_of(function, identity);
    attributes.add_list("aws.log.group.names", group);
    attributes.add_list("aws.log.stream.names", stream);
    json::object scoped;
    scoped["scope"] = scope_of(identity);
    scoped["logRecords"] = std::move(list);
    json::object about;
    about["attributes"] = attributes.take();
    json::object resource;
    resource["resource"] = std::move(about);
    resource["scopeLogs"] = json::array{std::move(scoped)};
    resources.push_back(std::move(resource));
  }
  json::object body;
  body["resourceLogs"] = std::move(resources);
  return json::serialize(body);
}

}  // namespace proa::otlp
