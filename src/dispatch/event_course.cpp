#include "dispatch/event_course.h"

#include "base/utc_text.h"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/locale/encoding_utf.hpp>

#include <algorithm>

namespace proa::dispatch {
namespace {

namespace json = boost::json;

constexpr std::size_t kRecordMax = 6 * 1024 * 1024;

Course give_up(std::string_view condition, std::string reason = {}) {
  Course course;
  course.step = Course::Step::give_up;
  course.condition = condition;
  course.reason = std::move(reason);
  return course;
}

Course after_function_error(const Event& event, const EventRules& rules, WallTime now) {
  if (event.attempts > rules.retries_max) return give_up(condition::kRetriesExhausted);
  Course course;
  course.step = Course::Step::repeat;
  // Not later than the end of its age, when it is given up and somebody hears of it.
  course.due = std::min(now + rules.retry_delay * (1U << (event.attempts - 1)),
                        event.accepted + rules.age_max);
  return course;
}

Course paused() {
  return give_up(condition::kZeroReservedConcurrency,
                 "the function's reserved concurrency is 0: it may not run");
}

// Errors of ours, not of the function: only two of them will not pass.
Course after_error(const Error& error, const EventRules& rules) {
  if (error.code() == Errc::throttled && rules.is_paused) return paused();
  if (error.code() == Errc::not_found) {
    return give_up(condition::kFunctionNotFound, error.message());
  }
  if (error.code() == Errc::unsupported) return give_up(condition::kUnsupported, error.message());
  Course course;
  course.step = Course::Step::wait;
  course.reason = error.message();
  return course;
}

json::object request_context(const Event& event, std::string_view condition) {
  json::object out;
  out["requestId"] = event.invocation.request_id;
  model::FunctionRef function = event.function;
  if (!function.qualifier) function.qualifier = "$LATEST";
  out["functionArn"] = function.arn();
  out["condition"] = json::string_view(condition.data(), condition.size());
  out["approximateInvokeCount"] = event.attempts + (condition == "Success" ? 1 : 0);
  return out;
}

/// JSON is UTF-8, and custom runtimes may answer any bytes: what is none is left out.
std::string as_utf8(const std::string& bytes) {
  return boost::locale::conv::utf_to_utf<char>(bytes);
}

/// What a function answered as JSON: custom runtimes may answer anything, which goes in as text.
std::string as_json(const std::string& response) {
  json::monotonic_resource memory;
  json::parse_options options;
  options.max_depth = 1000;
  boost::system::error_code failed;
  json::parse(json::string_view(response.data(), response.size()), failed, &memory, options);
  return failed ? json::serialize(json::string(as_utf8(response))) : response;
}

}  // namespace

Course course_before(const Event& event, const EventRules& rules, std::uint32_t interruptions,
                     WallTime now) {
  if (now >= event.accepted + rules.age_max) return give_up(condition::kEventAgeExceeded);
  if (rules.is_paused) return paused();
  if (event.hops > kHopsMax) {
    return give_up(condition::kDestinationLoop,
                   "it came through " + std::to_string(kHopsMax) +
                       " destinations, one behind the other: do they send to each other?");
  }
  if (interruptions < kInterruptionsMax) return Course();
  return give_up(condition::kInterrupted,
                 "Proa ended " + std::to_string(interruptions) + " times while this event ran");
}

Course course_after(Event& event, const EventRules& rules,
                    const Result<model::InvocationResult>& result, WallTime now) {
  if (!result) return after_error(result.error(), rules);
  const model::InvocationResult& ended = result.value();
  event.reason.clear();
  event.last.executed_version = ended.executed_version;
  event.last.function_error = ended.function_error.value_or("");
  event.last.response = ended.function_error ? as_utf8(ended.payload) : ended.payload;
  if (!ended.function_error) return Course();
  ++event.attempts;
  return after_function_error(event, rules, now);
}

std::string destination_record(const Event& event, std::string_view condition, WallTime now) {
  json::object head;
  head["version"] = "1.0";
  head["timestamp"] = utc_text(now, "Z");
  head["requestContext"] = request_context(event, condition);
  // Payloads are JSON already: they go in as they are, not through a tree.
  std::string out = json::serialize(head);
  out.pop_back();
  out.append(",\"requestPayload\":").append(event.invocation.payload);
  if (event.last.has_run()) {
    json::object context;
    context["statusCode"] = 200;
    context["executedVersion"] = event.last.executed_version;
    if (!event.last.function_error.empty()) context["functionError"] = event.last.function_error;
    out.append(",\"responseContext\":").append(json::serialize(context));
    const std::string response = event.last.response.empty() ? "" : as_json(event.last.response);
    const bool fits = out.size() + response.size() + 32 <= kRecordMax;
    if (fits && !response.empty()) out.append(",\"responsePayload\":").append(response);
  }
  return out.append("}");
}

}  // namespace proa::dispatch
