#include "otlp/otlp.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::otlp {
namespace {

namespace json = boost::json;

telemetry::CallSpan call(const std::string& function, const std::string& environment) {
  telemetry::CallSpan span;
  span.trace_id = "0af7651916cd43dd8448eb211c80319c";
  span.span_id = "00f067aa0ba902b7";
  span.parent_id = "b7ad6b7169203331";
  span.account_id = "000000000000";
  span.region = "us-east-1";
  span.function = function;
  span.version = "$LATEST";
  span.memory_mib = 128;
  span.environment_id = environment;
  span.request_id = "a-request";
  span.start = model::Start::cold;
  span.began = WallTime(std::chrono::seconds(100));
  span.took = std::chrono::milliseconds(50);
  span.duration = std::chrono::milliseconds(10);
  return span;
}

json::object parse(const std::vector<telemetry::CallSpan>& spans) {
  Identity identity;
  identity.version = "1.2.3";
  identity.host_name = "a-host";
  return json::parse(traces_body(spans, identity)).as_object();
}

/// The spans of resource `index`.
json::array spans_of(const json::object& body, std::size_t index) {
  return body.at("resourceSpans").at(index).at("scopeSpans").at(0).at("spans").as_array();
}

/// The attributes as one object: key to value.
json::object attributes_of(const json::value& of) {
  json::object out;
  for (const json::value& one : of.at("attributes").as_array()) {
    out[one.at("key").as_string()] = one.at("value").as_object().begin()->value();
  }
  return out;
}

TEST(TracesBody, ACallIsASpanAndItsInitialisationAChildRightBeforeTheFunctionsPart) {
  auto span = call("f", "an-environment");
  span.init_duration = std::chrono::milliseconds(20);
  span.init_span_id = "1111111111111111";
  const auto spans = spans_of(parse({span}), 0);
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].at("traceId"), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(spans[0].at("spanId"), "00f067aa0ba902b7");
  EXPECT_EQ(spans[0].at("parentSpanId"), "b7ad6b7169203331");
  EXPECT_EQ(spans[0].at("name"), "f");
  EXPECT_EQ(spans[0].at("kind"), 2);  // SERVER
  EXPECT_EQ(spans[0].at("startTimeUnixNano"), "100000000000");
  EXPECT_EQ(spans[0].at("endTimeUnixNano"), "100050000000");
  EXPECT_EQ(spans[0].at("status"), json::object());
  EXPECT_EQ(attributes_of(spans[0]),
            json::parse(R"({"faas.trigger": "other", "faas.invocation_id": "a-request",
                            "faas.coldstart": true, "proa.start": "cold"})"));
  EXPECT_EQ(spans[1].at("name"), "init");
  EXPECT_EQ(spans[1].at("spanId"), "1111111111111111");
  EXPECT_EQ(spans[1].at("parentSpanId"), "00f067aa0ba902b7");
  EXPECT_EQ(spans[1].at("startTimeUnixNano"), "100020000000");
  EXPECT_EQ(spans[1].at("endTimeUnixNano"), "100040000000");
}

TEST(TracesBody, TheFunctionInItsEnvironmentIsTheResource) {
  const auto body = parse({call("f", "e1"), call("g", "e2"), call("f", "e1"), call("f", "e3")});
  ASSERT_EQ(body.at("resourceSpans").as_array().size(), 3U);
  EXPECT_EQ(spans_of(body, 0).size(), 2U);
  EXPECT_EQ(attributes_of(body.at("resourceSpans").at(0).at("resource")), json::parse(R"({
    "service.name": "f", "service.version": "$LATEST", "faas.name": "f", "faas.version": "$LATEST",
    "faas.instance": "e1", "faas.max_memory": "134217728",
    "cloud.resource_id": "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
    "cloud.account.id": "000000000000", "cloud.region": "us-east-1", "host.name": "a-host"})"));
}

TEST(TracesBody, AWarmCallThatBeganItsTraceHasNeitherParentNorChild) {
  auto span = call("f", "e");
  span.parent_id.clear();
  span.start = model::Start::warm;
  const auto spans = spans_of(parse({span}), 0);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_FALSE(spans[0].as_object().contains("parentSpanId"));
  EXPECT_EQ(attributes_of(spans[0]).at("faas.coldstart"), false);
}

TEST(TracesBody, AnErrorIsTheSpansStatus) {
  auto failed = call("f", "e");
  failed.error = "timeout";
  failed.is_event = true;
  auto throttled = call("g", "");
  throttled.error = "throttled";
  throttled.error_message = "ConcurrentInvocationLimitExceeded";
  const auto body = parse({failed, throttled});
  const json::value first = spans_of(body, 0)[0];
  EXPECT_EQ(first.at("kind"), 5);  // CONSUMER
  EXPECT_EQ(first.at("status"), json::parse(R"({"code": 2, "message": "timeout"})"));
  EXPECT_EQ(attributes_of(first).at("error.type"), "timeout");
  const json::value second = spans_of(body, 1)[0];
  EXPECT_EQ(second.at("status").at("message"), "ConcurrentInvocationLimitExceeded");
  EXPECT_FALSE(attributes_of(second).contains("proa.start"));
}

}  // namespace
}  // namespace proa::otlp
