#include "cli/template_schedules.h"

#include "calendar/calendar.h"
#include "cli/answer.h"
#include "cli/endpoint.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>

namespace proa::cli {
namespace {

namespace json = boost::json;
using templates::TemplateSchedule;

json::object body_of(const TemplateSchedule& schedule, const std::string& function) {
  json::object body;
  body["function"] = function;
  body["expression"] = schedule.expression;
  body["timezone"] = schedule.timezone;
  body["enabled"] = schedule.is_enabled;
  if (!schedule.input.empty()) body["input"] = schedule.input;
  if (!schedule.description.empty()) body["description"] = schedule.description;
  if (schedule.start) body["start"] = *schedule.start;
  if (schedule.end) body["end"] = *schedule.end;
  return body;
}

/// The same moment, however it is written.
bool is_same_time(const json::value& one, const json::value& other, const std::string& zone) {
  const auto found = calendar::Zone::find(zone);
  if (!found || !one.is_string() || !other.is_string()) return false;
  const auto first = calendar::parse_time(std::string_view(one.get_string()), found.value());
  const auto second = calendar::parse_time(std::string_view(other.get_string()), found.value());
  return first && second && first.value() == second.value();
}

bool is_same_member(std::string_view name, const json::value* wanted, const json::value* there,
                    const std::string& zone) {
  if (wanted == nullptr || there == nullptr) return wanted == there;
  const bool is_time = name == "start" || name == "end";
  return is_time ? is_same_time(*wanted, *there, zone) : *wanted == *there;
}

bool is_same(const json::object& wanted, const json::value& there, const std::string& function) {
  constexpr auto kMembers = std::to_array<std::string_view>(
      {"expression", "timezone", "enabled", "input", "description", "start", "end"});
  const std::string zone = text_in(there, "timezone");
  for (const std::string_view name : kMembers) {
    const auto* const member = wanted.if_contains(json::string_view(name.data(), name.size()));
    if (!is_same_member(name, member, find_in(there, name), zone)) return false;
  }
  return text_in(there, "function_arn").ends_with(":function:" + function);
}

}  // namespace

Result<std::vector<std::string>> set_schedules(const Surroundings& around,
                                               const templates::TemplateFunction& function) {
  std::vector<std::string> changes;
  for (const TemplateSchedule& schedule : function.schedules) {
    const std::string path = "/proa/v1/schedules/" + http::percent_encode(schedule.name);
    json::object body = body_of(schedule, function.name);
    const auto there = ask(around, "GET", path);
    if (!there && there.error().code() != Errc::not_found) return there.error();
    if (there && is_same(body, there.value(), function.name)) continue;
    // What only Proa knows is not the template's.
    if (there) body["missed"] = text_in(there.value(), "missed");
    const auto set = ask(around, "PUT", path, json::serialize(body));
    if (!set) return set.error().with_context("schedule " + schedule.name);
    changes.push_back("schedule " + schedule.name);
  }
  return changes;
}

}  // namespace proa::cli
