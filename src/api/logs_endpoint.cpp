// /proa/v1/logs: the log of one function, for `proa logs`. What CloudWatch's API lacks: the call an
// event belongs to, the last events in one request, and waiting for news.
#include "api/errors.h"
#include "api/log_input.h"
#include "api/log_wait.h"
#include "api/operations.h"
#include "api/since.h"
#include "base/utc_text.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kLinesMax = 10'000;
constexpr logs::RequestId kNoRequest{};
constexpr auto kLogParameters =
    std::to_array<std::string_view>({"function", "since", "request_id", "stream", "filter", "after",
                                     "before", "last", "limit", "wait_s"});

/// A request for a page: the oldest events that fit, or with `last` the newest.
struct WantedLines {
  logs::LogQuery query;
  std::chrono::seconds wait{0};
};

Result<std::int64_t> number_in(const http::Request& request, std::string_view name,
                               std::int64_t least, std::int64_t most, std::int64_t otherwise) {
  const auto text = request.query_value(name);
  if (!text) return otherwise;
  std::int64_t number = 0;
  const char* const last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, number);
  if (error == std::errc() && end == last && number >= least && number <= most) return number;
  return Error(Errc::invalid, std::string(name) + " is a number from " + std::to_string(least) +
                                  " to " + std::to_string(most) + ", not '" +
                                  std::string(text->substr(0, 100)) + "'");
}

Result<std::optional<logs::LogPosition>> position_in(const http::Request& request,
                                                     std::string_view name) {
  const auto text = request.query_value(name);
  if (!text || text->empty()) return std::optional<logs::LogPosition>();
  const auto position = logs::LogPosition::parse(*text);
  if (position) return position;
  return Error(Errc::invalid, std::string(name) + ": '" + std::string(text->substr(0, 100)) +
                                  "' is no place in a log");
}

/// The function whose log it is, which may be gone: then its group is the one that functions have
/// unless they say otherwise. Errc: invalid.
Result<void> decode_group_of(const Context& context, const Call& call, logs::LogQuery& query) {
  const auto name = call.request.query_value("function");
  if (!name || name->empty()) return Error(Errc::invalid, "function: whose log? Name a function");
  TRY(const auto ref, model::parse_function_ref(*name, std::nullopt, call.scope));
  const auto function = context.catalog.resolve(ref);
  std::string group = function ? function.value()->log_group() : "/aws/lambda/" + ref.name;
  query.group = {ref.account_id, ref.region, std::move(group)};
  query.function = ref.name;
  return ok();
}

Result<void> decode_selection(const Context& context, const http::Request& request,
                              logs::LogQuery& query) {
  if (const auto since = request.query_value("since")) {
    TRY(query.from, parse_since(*since, context.clock.wall_now()));
  }
  if (const auto id = request.query_value("request_id")) {
    if (logs::parse_request_id(*id) == kNoRequest) {
      return Error(Errc::invalid,
                   "request_id: '" + std::string(id->substr(0, 100)) + "' is no request id");
    }
    query.request_id = *id;
  }
  if (const auto stream = request.query_value("stream")) query.streams.emplace_back(*stream);
  TRY(query.matches, decode_filter(request.query_value("filter").value_or("")));
  return ok();
}

Result<WantedLines> decode_lines(const Context& context, const Call& call) {
  const http::Request& request = call.request;
  for (const auto& parameter : request.query) {
    const bool is_known = std::find(kLogParameters.begin(), kLogParameters.end(), parameter.name) !=
                              kLogParameters.end() ||
                          parameter.name.starts_with("X-Amz-");
    if (!is_known) {
      return Error(Errc::invalid, "There is no parameter '" + parameter.name + "' of logs");
    }
  }
  WantedLines wanted;
  TRY(decode_group_of(context, call, wanted.query));
  TRY(decode_selection(context, request, wanted.query));
  TRY(wanted.query.after, position_in(request, "after"));
  TRY(wanted.query.before, position_in(request, "before"));
  TRY(const auto last, number_in(request, "last", 1, kLinesMax, 0));
  TRY(const auto limit, number_in(request, "limit", 1, kLinesMax, kLinesMax));
  wanted.query.is_newest_first = last > 0;
  wanted.query.max_events = static_cast<std::size_t>(last > 0 ? last : limit);
  TRY(const auto wait_s, number_in(request, "wait_s", 0, kLogWaitMax.count(), 0));
  wanted.wait = std::chrono::seconds(wait_s);
  if (wanted.query.is_newest_first && (wanted.query.after || wait_s > 0)) {
    return Error(Errc::invalid, "last goes backwards: it has no after and no wait_s");
  }
  if (!wanted.query.is_newest_first && wanted.query.before) {
    return Error(Errc::invalid, "before goes with last only");
  }
  return wanted;
}

json::object describe(const logs::LogEvent& event) {
  std::string_view message = event.message;
  if (message.ends_with('\n')) message.remove_suffix(1);
  json::object out;
  out["time"] = utc_text(event.time, "Z");
  out["stream"] = event.stream;
  if (!event.request_id.empty()) out["request_id"] = event.request_id;
  out["message"] = json::string_view(message.data(), message.size());
  return out;
}

json::object describe(const WantedLines& wanted, const logs::LogPage& page) {
  json::array events;
  for (const auto& event : page.events) events.push_back(describe(event));
  json::object out;
  out["group"] = wanted.query.group.name;
  out["has_logged"] = true;
  out["events"] = std::move(events);
  if (!wanted.query.is_newest_first) {
    out["next"] = page.next.to_text();
    out["is_end"] = page.is_end;
    return out;
  }
  // From the newest on, what comes later is behind its last event.
  out["next"] = page.events.empty() ? "" : page.events.back().position.to_text();
  if (!page.is_end) out["previous"] = page.next.to_text();
  return out;
}

/// An answer, and where to wait for more if there is nothing in it.
struct Answer {
  json::object body;
  bool is_empty = false;
  std::optional<logs::LogPosition> end;
};

/// For a group that is not there: nothing ran yet. Errc: not_found (nor is there such a function).
Result<Answer> nothing_yet(const Context& context, const Call& call, const WantedLines& wanted) {
  const auto name = call.request.query_value("function").value_or("");
  TRY(const auto ref, model::parse_function_ref(name, std::nullopt, call.scope));
  TRY(context.catalog.resolve(ref));
  Answer answer;
  answer.is_empty = true;
  answer.body["group"] = wanted.query.group.name;
  answer.body["has_logged"] = false;
  answer.body["events"] = json::array();
  answer.body["next"] = "";
  answer.body["is_end"] = true;
  return answer;
}

Task<Answer> read_page(Context& context, const Call& call, const WantedLines& wanted) {
  const auto page = co_await context.logs.read(wanted.query);
  if (!page && page.error().code() == Errc::not_found) {
    co_return nothing_yet(context, call, wanted);
  }
  if (!page) co_return page.error();
  Answer answer;
  answer.body = describe(wanted, page.value());
  answer.is_empty = page.value().events.empty() && page.value().is_end;
  answer.end = page.value().next;
  co_return answer;
}

}  // namespace

Task<http::Response> read_logs(Context& context, Call& call) {
  CO_TRY(auto wanted, decode_lines(context, call));
  const SteadyTime deadline = context.clock.steady_now() + wanted.wait;
  for (;;) {
    CO_TRY(const auto answer, co_await read_page(context, call, wanted));
    bool has_news = false;
    if (answer.is_empty && wanted.wait.count() > 0) {
      has_news = co_await wait_for_events(context, call, wanted.query.group, answer.end, deadline);
    }
    if (!has_news) co_return json_response(200, json::serialize(answer.body));
    wanted.query.after = answer.end;
  }
}

}  // namespace proa::api
