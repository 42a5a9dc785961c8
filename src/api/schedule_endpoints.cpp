// /proa/v1/schedules: functions that run by the clock.
#include "api/errors.h"
#include "api/operations.h"
#include "api/paging.h"
#include "api/schedule_input.h"
#include "base/utc_text.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMostSchedules = 1000;

Result<schedule::Schedules*> schedules_of(const Context& context) {
  if (context.options.schedules != nullptr) return context.options.schedules;
  return Error(Errc::unsupported, "/proa/v1/schedules is not supported by this program");
}

void describe_definition(const schedule::Definition& said, json::object& out) {
  out["function_arn"] = said.function.arn();
  out["expression"] = said.expression.text();
  out["timezone"] = said.zone.name();
  if (!said.description.empty()) out["description"] = said.description;
  out["enabled"] = said.is_enabled;
  out["missed"] = schedule::to_string(said.missed);
  if (said.start) out["start"] = said.zone.text(*said.start);
  if (said.end) out["end"] = said.zone.text(*said.end);
}

void describe_progress(const schedule::Progress& progress, const calendar::Zone& zone,
                       json::object& out) {
  json::value last;
  if (progress.last_run) {
    json::object run;
    run["due"] = zone.text(progress.last_run->due);
    run["queued"] = zone.text(progress.last_run->queued);
    run["request_id"] = progress.last_run->request_id;
    last = std::move(run);
  }
  out["last_run"] = std::move(last);
  out["runs"] = progress.runs;
  out["failed_runs"] = progress.failed;
  out["missed_runs"] = progress.missed;
  json::array missed;
  for (const WallTime time : progress.missed_times) missed.emplace_back(zone.text(time));
  out["missed_times"] = std::move(missed);
  if (!progress.failure) return;
  json::object failure;
  failure["due"] = zone.text(progress.failure->due);
  failure["at"] = zone.text(progress.failure->at);
  failure["reason"] = progress.failure->reason;
  out["failure"] = std::move(failure);
}

/// Without its input, which may be large.
json::object describe(const schedule::View& view) {
  const schedule::Schedule& schedule = *view.schedule;
  const calendar::Zone& zone = schedule.definition.zone;
  json::object out;
  out["name"] = schedule.name.name;
  out["arn"] = schedule.name.arn();
  out["state"] = schedule::to_string(view.state);
  out["next_run"] = view.next ? json::value(zone.text(*view.next)) : json::value();
  describe_definition(schedule.definition, out);
  describe_progress(schedule.progress, zone, out);
  out["created"] = utc_text(schedule.created, "Z");
  out["updated"] = utc_text(schedule.updated, "Z");
  out["revision"] = schedule.revision;
  return out;
}

http::Response answer(int status, const schedule::View& view) {
  json::object out = describe(view);
  const std::string& input = view.schedule->definition.input;
  if (!input.empty()) out["input"] = input;
  return json_response(status, json::serialize(out));
}

}  // namespace

Task<http::Response> create_schedule(Context& context, Call& call) {
  CO_TRY(schedule::Schedules* const schedules, schedules_of(context));
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  const std::string given = fields.text("name").value_or("");
  auto decoded = decode_schedule(body, fields, call.scope);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(auto name, decode_schedule_name(given, call.scope));
  CO_TRY(auto said, std::move(decoded));
  if (body.contains("revision")) {
    co_return Error(Errc::invalid, "A new schedule has no 'revision'");
  }
  CO_TRY(const auto view, co_await schedules->create(std::move(name), std::move(said)));
  co_return answer(201, view);
}

Task<http::Response> put_schedule(Context& context, Call& call) {
  CO_TRY(schedule::Schedules* const schedules, schedules_of(context));
  CO_TRY(auto name, decode_schedule_name(call.parameters[0], call.scope));
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  const std::string given = fields.text("name").value_or(name.name);
  std::optional<std::uint64_t> revision;
  if (const auto expected = fields.ranged("revision", "revision", 1, INT64_MAX)) {
    revision = static_cast<std::uint64_t>(*expected);
  }
  auto decoded = decode_schedule(body, fields, call.scope);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(auto said, std::move(decoded));
  if (given != name.name) {
    co_return Error(Errc::invalid, "'name' is not the one of the path, " + name.name);
  }
  CO_TRY(const auto view, co_await schedules->put(std::move(name), std::move(said), revision));
  co_return answer(view.schedule->revision == 1 ? 201 : 200, view);
}

Task<http::Response> get_schedule(Context& context, Call& call) {
  CO_TRY(schedule::Schedules* const schedules, schedules_of(context));
  CO_TRY(const auto name, decode_schedule_name(call.parameters[0], call.scope));
  CO_TRY(const auto view, schedules->find(name));
  co_return answer(200, view);
}

Task<http::Response> list_schedules(Context& context, Call& call) {
  CO_TRY(schedule::Schedules* const schedules, schedules_of(context));
  Problems problems;
  const std::size_t max = decode_page_size(call.request, kMostSchedules, kMostSchedules, problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const std::string after, decode_marker(call.request, "ProaListSchedules"));
  const auto views = schedules->list(call.scope, after, max);
  json::array list;
  for (const auto& view : views) list.push_back(describe(view));
  json::object out;
  out["schedules"] = std::move(list);
  if (views.size() == max) out["next_marker"] = make_marker(views.back().schedule->name.name);
  co_return json_response(200, json::serialize(out));
}

Task<http::Response> delete_schedule(Context& context, Call& call) {
  CO_TRY(schedule::Schedules* const schedules, schedules_of(context));
  CO_TRY(auto name, decode_schedule_name(call.parameters[0], call.scope));
  CO_TRY(co_await schedules->remove(std::move(name)));
  co_return http::Response(204);
}

Task<http::Response> run_schedule(Context& context, Call& call) {
  CO_TRY(schedule::Schedules* const schedules, schedules_of(context));
  CO_TRY(auto name, decode_schedule_name(call.parameters[0], call.scope));
  CO_TRY(const auto request_id, co_await schedules->run_now(std::move(name)));
  json::object out;
  out["request_id"] = request_id;
  co_return json_response(202, json::serialize(out));
}

}  // namespace proa::api
