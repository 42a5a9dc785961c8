// GetLogEvents:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
#include "api/errors.h"
#include "api/log_input.h"
#include "api/log_operations.h"
#include "api/log_output.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kEventsMax = 10'000;

struct WantedEvents {
  logs::LogQuery query;
  std::string token;  ///< as it was given; empty: none
};

/// "f/POSITION" goes on behind an event, "b/POSITION" in front of one.
Result<void> decode_token(std::string_view token, logs::LogQuery& query) {
  const bool is_forward = token.starts_with("f/");
  if (!is_forward && !token.starts_with("b/")) {
    return Error(Errc::invalid, "The specified nextToken is invalid.");
  }
  TRY(const auto position, decode_position_token(token.substr(2)));
  query.is_newest_first = !is_forward;
  (is_forward ? query.after : query.before) = position;
  return ok();
}

Result<WantedEvents> decode_events(const Fields& fields, const model::Scope& scope) {
  WantedEvents wanted;
  const auto stream = fields.text("logStreamName");
  if (!stream) fields.problems().missing("logStreamName");
  if (stream) check_stream_name(*stream, "logStreamName", fields.problems());
  wanted.query.streams.push_back(stream.value_or(""));
  wanted.query.from = decode_log_time(fields, "startTime");
  wanted.query.until = decode_log_time(fields, "endTime");
  const auto limit = fields.ranged("limit", "limit", 1, kEventsMax);
  wanted.query.max_events = static_cast<std::size_t>(limit.value_or(kEventsMax));
  wanted.query.is_newest_first = !fields.boolean("startFromHead").value_or(false);
  if (fields.boolean("unmask").value_or(false)) return unsupported_log_member("unmask");
  wanted.token = fields.text("nextToken").value_or("");
  if (!wanted.token.empty()) {
    TRY(decode_token(wanted.token, wanted.query));
  }
  TRY(wanted.query.group, decode_log_group(fields, scope));
  return wanted;
}

std::string forward(const logs::LogPosition& position) {
  return "f/" + make_log_token(position.to_text());
}
std::string backward(const logs::LogPosition& position) {
  return "b/" + make_log_token(position.to_text());
}

/// Tokens around the page's events. Without events the one that was given stays, which says that
/// this end is reached, and the other leads back over the event that it names; where much was
/// looked through in vain it moves on.
void add_tokens(const WantedEvents& wanted, const logs::LogPage& page, json::object& answer) {
  if (!page.events.empty()) {
    answer["nextForwardToken"] = forward(page.events.back().position);
    answer["nextBackwardToken"] = backward(page.events.front().position);
    return;
  }
  logs::LogPosition ahead = wanted.query.after.value_or(logs::LogPosition());
  logs::LogPosition behind = wanted.query.before.value_or(ahead);
  if (wanted.query.before) ahead = behind;
  if (!page.is_end) (wanted.query.is_newest_first ? behind : ahead) = page.next;
  if (wanted.query.before && ahead.part > 0) --ahead.part;
  if (!wanted.query.before) ++behind.part;
  answer["nextForwardToken"] = forward(ahead);
  answer["nextBackwardToken"] = backward(behind);
}

/// A stream without events in this page may still be one. Errc: not_found.
Task<void> check_stream(Context& context, const logs::LogQuery& query) {
  CO_TRY(const auto streams, co_await context.logs.streams(query.group));
  const bool is_there = std::any_of(
      streams.begin(), streams.end(),
      [&](const logs::StreamSummary& stream) { return stream.name == query.streams.front(); });
  if (is_there) co_return ok();
  co_return Error(Errc::not_found, "The specified log stream does not exist.");
}

}  // namespace

Task<http::Response> get_log_events(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  auto decoded = decode_events(fields, call.scope);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const auto wanted, std::move(decoded));
  CO_TRY(const auto page, co_await context.logs.read(wanted.query));
  if (page.events.empty() && page.is_end && wanted.token.empty()) {
    CO_TRY(co_await check_stream(context, wanted.query));
  }
  json::array events;
  for (const auto& event : page.events) events.push_back(output_log_event(event));
  json::object answer;
  answer["events"] = std::move(events);
  add_tokens(wanted, page, answer);
  co_return json_response(200, json::serialize(answer));
}

}  // namespace proa::api
