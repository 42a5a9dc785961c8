// /proa/v1/dead-letters: asynchronous calls that were given up.
#include "api/errors.h"
#include "api/function_output.h"
#include "api/operations.h"
#include "api/paging.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <optional>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMostLetters = 1000;

std::optional<std::uint64_t> parse_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

Result<std::uint64_t> decode_id(const Call& call) {
  const auto id = parse_id(call.parameters[0]);
  if (id) return *id;
  return Error(Errc::not_found, "There is no dead letter '" + std::string(call.parameters[0]) +
                                    "': ids are numbers");
}

json::object describe(const dispatch::DeadLetter& letter) {
  json::object out;
  out["id"] = letter.id;
  out["function_arn"] = letter.function_arn;
  out["request_id"] = letter.request_id;
  out["condition"] = letter.condition;
  if (!letter.reason.empty()) out["reason"] = letter.reason;
  out["attempts"] = letter.attempts;
  if (!letter.function_error.empty()) out["function_error"] = letter.function_error;
  out["accepted"] = lambda_time(letter.accepted);
  out["died"] = lambda_time(letter.died);
  out["size_bytes"] = letter.size;
  return out;
}

/// JSON as it is; what custom runtimes answered beside it as text.
json::value value_of(const std::string& text) {
  json::parse_options options;
  options.max_depth = 1000;
  boost::system::error_code failed;
  auto value = json::parse(json::string_view(text.data(), text.size()), failed, {}, options);
  return failed ? json::value(json::string(text)) : value;
}

}  // namespace

Task<http::Response> list_dead_letters(Context& context, Call& call) {
  Problems problems;
  const std::size_t max = decode_page_size(call.request, kMostLetters, kMostLetters, problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const std::string marker, decode_marker(call.request, "ProaListDeadLetters"));
  dispatch::EventQueue::Selection selection;
  selection.scope = call.scope;
  const std::optional<std::uint64_t> after = marker.empty() ? 0 : parse_id(marker);
  if (!after) {
    co_return Error(Errc::invalid, "The Marker is not one of ProaListDeadLetters");
  }
  selection.after = *after;
  selection.max = max;
  if (const auto name = call.request.query_value("FunctionName")) {
    CO_TRY(const auto ref, model::parse_function_ref(*name, std::nullopt, call.scope));
    selection.function = ref.name;
  }
  CO_TRY(const auto letters, co_await context.events.dead_letters(std::move(selection)));
  json::array list;
  for (const auto& letter : letters) list.push_back(describe(letter));
  json::object answer;
  answer["dead_letters"] = std::move(list);
  if (letters.size() == max) {
    answer["next_marker"] = make_marker(std::to_string(letters.back().id));
  }
  co_return json_response(200, json::serialize(answer));
}

Task<http::Response> get_dead_letter(Context& context, Call& call) {
  CO_TRY(const auto id, decode_id(call));
  CO_TRY(const auto letter, co_await context.events.dead_letter(call.scope, id));
  json::object answer = describe(letter);
  answer["payload"] = value_of(letter.payload);
  if (!letter.response.empty()) answer["response"] = value_of(letter.response);
  co_return json_response(200, json::serialize(answer));
}

Task<http::Response> rerun_dead_letter(Context& context, Call& call) {
  CO_TRY(const auto id, decode_id(call));
  CO_TRY(co_await context.events.rerun(call.scope, id));
  co_return http::Response(202);
}

Task<http::Response> delete_dead_letter(Context& context, Call& call) {
  CO_TRY(const auto id, decode_id(call));
  CO_TRY(co_await context.events.forget(call.scope, id));
  co_return http::Response(204);
}

}  // namespace proa::api
