#include "api/schedule_input.h"

#include "api/json_check.h"

#include <algorithm>
#include <array>

namespace proa::api {
namespace {

namespace json = boost::json;

/// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
constexpr std::size_t kScheduleNameMax = 64;
constexpr std::size_t kScheduleTextMax = 512;
constexpr std::size_t kInputMax = 256 * 1024;

constexpr auto kScheduleMembers = std::to_array<std::string_view>(
    {"name", "function", "expression", "timezone", "input", "description", "enabled", "missed",
     "start", "end", "revision"});

Result<std::string> needed(const Fields& fields, std::string_view member, std::string_view says) {
  auto text = fields.text(member).value_or("");
  if (!text.empty()) return text;
  return Error(Errc::invalid, "'" + std::string(member) + "' is missing: " + std::string(says));
}

Result<std::string> decode_input(const Fields& fields) {
  auto input = fields.text("input").value_or("");
  if (input.empty()) return input;
  if (input.size() > kInputMax) {
    return Error(Errc::invalid, "'input' has " + std::to_string(input.size()) + " bytes; " +
                                    std::to_string(kInputMax) + " is the limit");
  }
  const auto defect = json_defect(input);
  if (defect) return Error(Errc::invalid, "'input' is not JSON: " + *defect);
  return input;
}

Result<std::optional<WallTime>> decode_time(const Fields& fields, std::string_view member,
                                            const calendar::Zone& zone) {
  const auto text = fields.text(member);
  if (!text) return std::optional<WallTime>();
  const auto time = calendar::parse_time(*text, zone);
  if (!time) return time.error().with_context("'" + std::string(member) + "'");
  return std::optional(time.value());
}

Result<schedule::MissedPolicy> decode_missed(const Fields& fields) {
  const std::string text = fields.text("missed").value_or("skip");
  const auto policy = schedule::parse_missed_policy(text);
  if (policy) return *policy;
  return Error(Errc::invalid,
               "'missed' is '" + text.substr(0, 60) + "'; it must be skip or run-once");
}

}  // namespace

Result<schedule::Name> decode_schedule_name(std::string_view text, const model::Scope& scope) {
  const bool is_name = !text.empty() && text.size() <= kScheduleNameMax &&
                       std::all_of(text.begin(), text.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                       });
  if (is_name) return schedule::Name{scope.account_id, scope.region, std::string(text)};
  return Error(Errc::invalid, "'" + std::string(text.substr(0, 100)) +
                                  "' is no name of a schedule: 1 to 64 letters, digits, '-', '_' "
                                  "and '.'");
}

Result<schedule::Definition> decode_schedule(const json::object& body, const Fields& fields,
                                             const model::Scope& scope) {
  TRY(check_members(body, kScheduleMembers));
  TRY(const auto function, needed(fields, "function", "the function that runs"));
  TRY(auto ref, model::parse_function_ref(function, std::nullopt, scope));
  TRY(const auto text, needed(fields, "expression", "when it runs, as rate(5 minutes)"));
  TRY(auto expression, calendar::Expression::parse(text));
  const std::string zone_name = fields.text("timezone").value_or("UTC");
  auto zone = calendar::Zone::find(zone_name);  // one that is not there: see Schedules
  if (!zone) zone = calendar::Zone::unknown(zone_name);
  schedule::Definition said{std::move(ref), std::move(expression), std::move(zone.value())};
  TRY(said.input, decode_input(fields));
  said.description = fields.text("description").value_or("");
  if (said.description.size() > kScheduleTextMax) {
    return Error(Errc::invalid, "'description' is longer than 512 bytes");
  }
  said.is_enabled = fields.boolean("enabled").value_or(true);
  TRY(said.missed, decode_missed(fields));
  TRY(said.start, decode_time(fields, "start", said.zone));
  TRY(said.end, decode_time(fields, "end", said.zone));
  return said;
}

}  // namespace proa::api
