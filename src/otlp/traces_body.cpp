#include "otlp/resource.h"

#include <boost/json/serialize.hpp>

#include <map>

namespace proa::otlp {
namespace {

namespace json = boost::json;
using telemetry::CallSpan;

// SpanKind and StatusCode of
// https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1
constexpr int kInternal = 1;
constexpr int kServer = 2;
constexpr int kConsumer = 5;
constexpr int kError = 2;

FunctionResource function_of(const CallSpan& span) {
  return {span.account_id, span.region, span.function, span.version, span.environment_id};
}

json::object resource_of(const CallSpan& span, const Identity& identity) {
  Attributes attributes = attributes_of(function_of(span), identity);
  attributes.add("faas.max_memory", std::uint64_t{span.memory_mib} << 20U);
  json::object resource;
  resource["attributes"] = attributes.take();
  return resource;
}

json::object span_of(const CallSpan& span) {
  Attributes attributes;
  attributes.add("faas.trigger", "other");
  attributes.add("faas.invocation_id", span.request_id);
  const bool is_new = span.start != model::Start::warm || span.init_duration.count() != 0;
  attributes.add("faas.coldstart", !span.environment_id.empty() && is_new);
  if (!span.environment_id.empty()) attributes.add("proa.start", model::to_string(span.start));
  if (!span.error.empty()) attributes.add("error.type", span.error);
  json::object out;
  out["traceId"] = span.trace_id;
  out["spanId"] = span.span_id;
  if (!span.parent_id.empty()) out["parentSpanId"] = span.parent_id;
  out["name"] = span.function;
  out["kind"] = span.is_event ? kConsumer : kServer;
  out["startTimeUnixNano"] = unix_nanoseconds(span.began);
  out["endTimeUnixNano"] = unix_nanoseconds(span.began + span.took);
  out["attributes"] = attributes.take();
  json::object status;
  if (!span.error.empty()) {
    status["code"] = kError;
    status["message"] = span.error_message.empty() ? span.error : span.error_message;
  }
  out["status"] = std::move(status);
  return out;
}

/// The function's own initialisation: right before its part of the call.
json::object init_of(const CallSpan& span) {
  const WallTime end = span.began + (span.took - span.duration);
  json::object out;
  out["traceId"] = span.trace_id;
  out["spanId"] = span.init_span_id;
  out["parentSpanId"] = span.span_id;
  out["name"] = "init";
  out["kind"] = kInternal;
  out["startTimeUnixNano"] = unix_nanoseconds(end - span.init_duration);
  out["endTimeUnixNano"] = unix_nanoseconds(end);
  out["status"] = json::object();
  return out;
}

}  // namespace

std::string traces_body(const std::vector<CallSpan>& spans, const Identity& identity) {
  std::map<FunctionResource, std::vector<const CallSpan*>> by_resource;
  for (const CallSpan& span : spans) by_resource[function_of(span)].push_back(&span);
  json::array resources;
  for (const auto& [key, calls] : by_resource) {
    json::array list;
    for (const CallSpan* call : calls) {
      list.push_back(span_of(*call));
      if (call->init_duration.count() != 0) list.push_back(init_of(*call));
    }
    json::object scoped;
    scoped["scope"] = scope_of(identity);
    scoped["spans"] = std::move(list);
    json::object resource;
    resource["resource"] = resource_of(*calls.front(), identity);
    resource["scopeSpans"] = json::array{std::move(scoped)};
    resources.push_back(std::move(resource));
  }
  json::object body;
  body["resourceSpans"] = std::move(resources);
  return json::serialize(body);
}

}  // namespace proa::otlp
