// FilterLogEvents:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
//
// `aws logs tail --follow` asks again 5 s after an answer without nextToken, and at once after one
// with it. So who is known to follow is answered with a token always, and held until there is
// something to answer with; everybody else gets what AWS answers.
#include "api/errors.h"
#include "api/log_input.h"
#include "api/log_operations.h"
#include "api/log_output.h"
#include "api/log_wait.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kFilteredMax = 10'000;
constexpr std::size_t kNamedStreamsMax = 100;
constexpr std::size_t kPatternMax = 1024;

void decode_streams(const Fields& fields, logs::LogQuery& query) {
  Problems& problems = fields.problems();
  if (const auto names = fields.texts("logStreamNames")) {
    if (names->empty()) {
      problems.violate("[]", "logStreamNames", "have length greater than or equal to 1");
    }
    if (names->size() > kNamedStreamsMax) {
      problems.add(
          "Value at 'logStreamNames' failed to satisfy constraint: Member must have "
          "length less than or equal to 100");
    }
    for (const std::string& name : *names) check_stream_name(name, "logStreamNames", problems);
    query.streams = *names;
  }
  if (const auto prefix = fields.text("logStreamNamePrefix")) {
    check_stream_name(*prefix, "logStreamNamePrefix", problems);
    query.stream_prefix = *prefix;
  }
}

Result<logs::LogQuery> decode_query(const Fields& fields) {
  logs::LogQuery query;
  decode_streams(fields, query);
  query.from = decode_log_time(fields, "startTime");
  if (const auto last = decode_log_time(fields, "endTime")) {
    query.until = *last + std::chrono::milliseconds(1);  // here, unlike in GetLogEvents, inclusive
  }
  const auto limit = fields.ranged("limit", "limit", 1, kFilteredMax);
  query.max_events = static_cast<std::size_t>(limit.value_or(kFilteredMax));
  (void)fields.boolean("interleaved");  // ignored by AWS since 2019: it is always so
  const std::string pattern = fields.text("filterPattern").value_or("");
  check_length(pattern, kPatternMax, "filterPattern", fields.problems());
  if (!fields.problems().empty()) return query;
  if (fields.boolean("unmask").value_or(false)) return unsupported_log_member("unmask");
  if (!query.streams.empty() && !query.stream_prefix.empty()) {
    return Error(Errc::invalid,
                 "Only one of logStreamNames and logStreamNamePrefix can be given, not both");
  }
  TRY(query.matches, decode_filter(pattern));
  if (const auto token = fields.view("nextToken")) {
    TRY(query.after, decode_position_token(*token));
  }
  return query;
}

/// Whether a request comes from `aws logs tail`: version 2 of the CLI says "command/logs.tail",
/// version 1 "md/command#logs.tail".
bool is_tail(const http::Request& request) {
  std::string_view agent = request.headers.find("User-Agent").value_or(std::string_view());
  while (!agent.empty()) {
    const std::string_view word = agent.substr(0, agent.find(' '));
    if (word == "command/logs.tail" || word == "md/command#logs.tail") return true;
    agent.remove_prefix(std::min(word.size() + 1, agent.size()));
  }
  return false;
}

/// What a connection keeps of `aws logs tail`: the group whose last page it got. Without --follow
/// it would have ended there.
struct Tailed {
  logs::GroupKey group;
};

bool is_follower(const http::Request& request, const logs::GroupKey& group) {
  const auto* const tailed = std::any_cast<Tailed>(&request.kept);
  return tailed != nullptr && tailed->group == group && is_tail(request);
}

/// A page with something in it, or the last one when the time is over, the client gone or the
/// daemon stopping.
Task<logs::LogPage> read_when_there_is(Context& context, Call& call, logs::LogQuery query) {
  const SteadyTime deadline = context.clock.steady_now() + kLogWaitMax;
  for (;;) {
    CO_TRY(auto page, co_await context.logs.read(query));
    if (!page.events.empty() || !page.is_end) co_return page;
    const bool has_news = co_await wait_for_events(context, call, query.group, page.next, deadline);
    if (!has_news) co_return page;
    query.after = page.next;
  }
}

http::Response page_answer(const logs::LogPage& page, bool has_token) {
  json::array events;
  for (const auto& event : page.events) events.push_back(filtered_log_event(event));
  json::object answer;
  answer["events"] = std::move(events);
  answer["searchedLogStreams"] = json::array();  // empty on AWS since 2020
  if (has_token) answer["nextToken"] = make_log_token(page.next.to_text());
  return json_response(200, json::serialize(answer));
}

}  // namespace

Task<http::Response> filter_log_events(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  auto group = decode_log_group(fields, call.scope);
  auto decoded = decode_query(fields);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(auto query, std::move(decoded));
  CO_TRY(query.group, std::move(group));
  if (is_follower(call.request, query.group)) {
    CO_TRY(const auto page, co_await read_when_there_is(context, call, std::move(query)));
    co_return page_answer(page, true);
  }
  CO_TRY(const auto page, co_await context.logs.read(query));
  if (page.is_end && is_tail(call.request)) call.request.kept = Tailed{query.group};
  co_return page_answer(page, !page.is_end);
}

}  // namespace proa::api
