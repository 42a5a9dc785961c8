#include "templates/schedules.h"

#include "calendar/calendar.h"
#include "templates/members.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace proa::templates {
namespace {

namespace json = boost::json;

// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
// sam-property-function-schedule.html and sam-property-function-schedulev2.html
constexpr auto kEvent = std::to_array<KnownMember>({{"Type"}, {"Properties"}});
constexpr auto kSchedule = std::to_array<KnownMember>(
    {{"Schedule"}, {"Input"}, {"Enabled"}, {"State"}, {"Name"}, {"Description"}});
constexpr auto kScheduleV2 = std::to_array<KnownMember>({{"ScheduleExpression"},
                                                         {"ScheduleExpressionTimezone"},
                                                         {"Input"},
                                                         {"State"},
                                                         {"Name"},
                                                         {"Description"},
                                                         {"StartDate"},
                                                         {"EndDate"},
                                                         {"FlexibleTimeWindow"},
                                                         {"OmitName", Use::noted},
                                                         {"RoleArn", Use::noted},
                                                         {"PermissionsBoundary", Use::noted}});

// https://www.serverless.com/framework/docs/providers/aws/events/schedule
constexpr auto kServerless = std::to_array<KnownMember>({{"rate"},
                                                         {"timezone"},
                                                         {"input"},
                                                         {"enabled"},
                                                         {"name"},
                                                         {"description"},
                                                         {"method", Use::noted}});

/// A number or truth value only where it stands without quotes, as YAML has it.
json::value to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return nullptr;
    case Node::Kind::scalar:
      break;
    case Node::Kind::list: {
      json::array list;
      for (const Node& item : node.items) list.push_back(to_json(item));
      return list;
    }
    case Node::Kind::map: {
      json::object map;
      for (const auto& [name, value] : node.members) map[name] = to_json(value);
      return map;
    }
  }
  if (node.is_quoted) return json::string(node.text);
  if (const auto truth = truth_of(node)) return *truth;
  if (const auto number = integer_of(node)) return *number;
  json::error_code odd;
  const json::value value = json::parse(node.text, odd);
  return !odd && value.is_double() ? value : json::value(json::string(node.text));
}

Result<std::string> json_text(const Node& input) {
  if (!input.is_scalar()) return json::serialize(to_json(input));
  json::error_code wrong;
  json::parse(input.text, wrong);
  if (!wrong) return input.text;
  return error_at(input, "the input of a schedule must be JSON: " + wrong.message());
}

Result<std::string> expression_at(const Node& node) {
  if (!node.is_scalar()) return error_at(node, "the expression of a schedule must be a text");
  const auto parsed = calendar::Expression::parse(node.text);
  if (!parsed) return error_at(node, parsed.error().message());
  return node.text;
}

Result<void> check_zone(const Node& event, const std::string& zone) {
  const auto found = calendar::Zone::find(zone);
  return found ? Result<void>(ok()) : Result<void>(error_at(event, found.error().message()));
}

Result<std::optional<bool>> truth_at(const Node& node, std::string_view name) {
  const Node* const given = node.find(name);
  if (given == nullptr || given->is_null()) return std::optional<bool>();
  const auto truth = truth_of(*given);
  if (!truth) return error_at(*given, std::string(name) + " must be true or false");
  return truth;
}

/// State is ENABLED or DISABLED.
Result<void> read_state(TemplateSchedule& schedule, const Node& properties) {
  TRY(const auto enabled, truth_at(properties, "Enabled"));
  TRY(const auto state, text_at(properties, "State"));
  if (state && *state != "ENABLED" && *state != "DISABLED") {
    return error_at(properties, "State must be ENABLED or DISABLED");
  }
  schedule.is_enabled = enabled.value_or(true) && state.value_or("ENABLED") == "ENABLED";
  return ok();
}

Result<void> read_window(const TemplateSchedule& schedule, const Node& properties, Template& out) {
  const Node* const window = properties.find("FlexibleTimeWindow");
  if (window == nullptr || window->is_null()) return ok();
  TRY(const auto mode, text_at(*window, "Mode"));
  if (mode.value_or("OFF") == "OFF") return ok();
  out.problems.push_back(Problem{window->line, schedule.name + ": FlexibleTimeWindow"});
  return ok();
}

Result<TemplateSchedule> read_properties(TemplateSchedule schedule, const Node& properties,
                                         bool is_v2) {
  const Node* const expression = properties.find(is_v2 ? "ScheduleExpression" : "Schedule");
  if (expression == nullptr) return error_at(properties, schedule.name + " has no expression");
  TRY(schedule.expression, expression_at(*expression));
  TRY(const auto zone, text_at(properties, "ScheduleExpressionTimezone"));
  schedule.timezone = zone.value_or("UTC");
  TRY(check_zone(properties, schedule.timezone));
  TRY(const auto name, text_at(properties, "Name"));
  schedule.name = name.value_or(schedule.name);
  TRY(const auto description, text_at(properties, "Description"));
  schedule.description = description.value_or("");
  TRY(schedule.start, text_at(properties, "StartDate"));
  TRY(schedule.end, text_at(properties, "EndDate"));
  TRY(read_state(schedule, properties));
  const Node* const input = properties.find("Input");
  if (input != nullptr && !input->is_null()) {
    TRY(schedule.input, json_text(*input));
  }
  return schedule;
}

Result<void> read_serverless(const TemplateFunction& function, TemplateSchedule schedule,
                             const Node& given, std::vector<TemplateSchedule>& made,
                             Template& out) {
  sort_members(given, kServerless, function.id + ": schedule", out);
  TRY(const auto zone, text_at(given, "timezone"));
  schedule.timezone = zone.value_or("UTC");
  TRY(check_zone(given, schedule.timezone));
  TRY(const auto name, text_at(given, "name"));
  schedule.name = name.value_or(schedule.name);
  TRY(const auto description, text_at(given, "description"));
  schedule.description = description.value_or("");
  TRY(const auto enabled, truth_at(given, "enabled"));
  schedule.is_enabled = enabled.value_or(true);
  const Node* const input = given.find("input");
  if (input != nullptr && !input->is_null()) {
    TRY(schedule.input, json_text(*input));
  }
  const Node* const rate = given.find("rate");
  if (rate == nullptr) return error_at(given, "a schedule has no rate");
  if (!rate->is_list()) {
    TRY(schedule.expression, expression_at(*rate));
    made.push_back(std::move(schedule));
    return ok();
  }
  const std::string begin = schedule.name;
  for (std::size_t i = 0; i < rate->items.size(); ++i) {
    TRY(schedule.expression, expression_at(rate->items[i]));
    schedule.name = i == 0 ? begin : begin + "-" + std::to_string(i + 1);
    made.push_back(schedule);
  }
  return ok();
}

}  // namespace

void drop_other_events(const std::string& id, Node& properties, Template& out) {
  for (auto& [name, events] : properties.members) {
    if (name != "Events" || !events.is_map()) continue;
    std::erase_if(events.members, [&](const Node::Member& event) {
      const Node* const type = event.value.find("Type");
      const std::string text = type == nullptr ? "unknown" : type->text;
      if (text == "Schedule" || text == "ScheduleV2") return false;
      out.problems.push_back(Problem{
          event.value.line,
          id + ": Events: " + event.name.substr(0, 100) + " of type " + text.substr(0, 100)});
      return true;
    });
  }
}

Result<void> read_sam_schedules(TemplateFunction& function, const Node& events, Template& out) {
  if (events.is_null()) return ok();
  if (!events.is_map()) return error_at(events, "Events must be a map");
  for (const auto& [id, event] : events.members) {
    const std::string where = function.id + ": Events: " + id;
    TRY(const auto type, text_at(event, "Type"));
    const bool is_v2 = type && *type == "ScheduleV2";
    sort_members(event, kEvent, where, out);
    const Node* const properties = event.find("Properties");
    if (properties == nullptr || !properties->is_map()) {
      return error_at(event, where + " has no Properties");
    }
    if (is_v2) {
      sort_members(*properties, kScheduleV2, where, out);
    } else {
      sort_members(*properties, kSchedule, where, out);
    }
    TemplateSchedule schedule;
    schedule.line = event.line;
    schedule.name = function.name + "-" + id;
    TRY(schedule, read_properties(std::move(schedule), *properties, is_v2));
    TRY(read_window(schedule, *properties, out));
    function.schedules.push_back(std::move(schedule));
  }
  return ok();
}

Result<void> read_serverless_schedules(TemplateFunction& function, const Node& events,
                                       Template& out) {
  if (events.is_null()) return ok();
  if (!events.is_list()) return error_at(events, "events must be a list");
  for (const Node& event : events.items) {
    const Node* const given = event.find("schedule");
    if (given == nullptr) {
      const std::string kind = event.members.empty() ? event.text : event.members.front().name;
      out.problems.push_back(Problem{event.line, function.id + ": events: " + kind.substr(0, 100)});
      continue;
    }
    TemplateSchedule schedule;
    schedule.line = event.line;
    const std::size_t count = function.schedules.size();
    schedule.name = function.name + "-schedule";
    if (count > 0) schedule.name += "-" + std::to_string(count + 1);
    if (given->is_map()) {
      TRY(read_serverless(function, std::move(schedule), *given, function.schedules, out));
      continue;
    }
    TRY(schedule.expression, expression_at(*given));
    function.schedules.push_back(std::move(schedule));
  }
  return ok();
}

}  // namespace proa::templates
