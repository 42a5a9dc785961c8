#include "cli/schedule_document.h"

#include "calendar/calendar.h"
#include "cli/answer.h"
#include "cli/table.h"
#include "cli/words.h"

#include <boost/json/array.hpp>

#include <array>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// Members of an answer that a request has, too.
constexpr auto kSame =
    std::to_array<std::string_view>({"expression", "timezone", "input", "description", "enabled",
                                     "missed", "start", "end", "revision"});

void put(json::object& body, std::string_view name, const std::optional<std::string>& said) {
  if (said) body[json::string_view(name.data(), name.size())] = *said;
}

/// "" takes the member away.
void put_or_take(json::object& body, std::string_view name,
                 const std::optional<std::string>& said) {
  if (said && said->empty()) {
    body.erase(json::string_view(name.data(), name.size()));
  } else {
    put(body, name, said);
  }
}

std::string line(std::string_view name, std::string_view value) {
  std::string text(name);
  text.resize(std::max<std::size_t>(text.size() + 1, 14), ' ');
  return text.append(value).append("\n");
}

std::string run_text(const json::value& schedule) {
  const json::value* run = object_in(schedule, "last_run");
  if (run == nullptr) return "none";
  return text_in(*run, "due") + " (request " + text_in(*run, "request_id") + ")";
}

std::string missed_text(const json::value& schedule) {
  std::string text;
  const json::value* times = find_in(schedule, "missed_times");
  if (times == nullptr || !times->is_array()) return text;
  for (const auto& time : times->get_array()) {
    if (time.is_string()) text += "  " + std::string(time.get_string()) + "\n";
  }
  return text;
}

}  // namespace

Result<void> apply(const ScheduleWords& words, json::object& body) {
  if (words.expression) {
    TRY(calendar::Expression::parse(*words.expression));
  }
  if (words.timezone) {
    TRY(calendar::Zone::find(*words.timezone));
  }
  if (words.input && words.input_file) {
    return Error(Errc::invalid, "--input and --input-file exclude each other");
  }
  put(body, "function", words.function);
  put(body, "expression", words.expression);
  put(body, "timezone", words.timezone);
  put_or_take(body, "input", words.input);
  put(body, "description", words.description);
  put_or_take(body, "start", words.start);
  put_or_take(body, "end", words.end);
  put(body, "missed", words.missed);
  if (!words.input_file) return ok();
  TRY(const auto input, read_file(*words.input_file));
  body["input"] = input;
  return ok();
}

json::object to_request(const json::value& answer) {
  json::object body;
  body["function"] = text_in(answer, "function_arn");
  for (const std::string_view name : kSame) {
    const json::value* value = find_in(answer, name);
    if (value != nullptr) body[json::string_view(name.data(), name.size())] = *value;
  }
  return body;
}

std::string schedule_table(const Screen& screen, const json::array& schedules) {
  json::array rows;
  for (const auto& each : schedules) {
    json::object row;
    row["name"] = text_in(each, "name");
    row["state"] = text_in(each, "state");
    row["next"] = cell(each, "next_run");
    const json::value* last = object_in(each, "last_run");
    row["last"] = last == nullptr ? std::string("-") : text_in(*last, "due");
    row["missed"] = number_in(each, "missed_runs").value_or(0);
    row["expression"] = text_in(each, "expression");
    const std::string arn = text_in(each, "function_arn");
    constexpr std::string_view kMark = ":function:";
    const std::size_t mark = arn.find(kMark);
    row["function"] = mark == std::string::npos ? arn : arn.substr(mark + kMark.size());
    rows.push_back(std::move(row));
  }
  return table(screen, rows,
               {{"NAME", "name"},
                {"STATE", "state"},
                {"NEXT RUN", "next"},
                {"LAST RUN", "last"},
                {"MISSED", "missed", true},
                {"FUNCTION", "function"},
                {"EXPRESSION", "expression"}});
}

std::string schedule_text(const json::value& schedule) {
  std::string text = line("schedule", text_in(schedule, "name"));
  if (const auto says = text_in(schedule, "description"); !says.empty()) {
    text += line("description", says);
  }
  text += line("state", text_in(schedule, "state"));
  if (const json::value* failure = object_in(schedule, "failure")) {
    text += line("failure", text_in(*failure, "reason") + " (" + text_in(*failure, "due") + ")");
  }
  text += line("function", text_in(schedule, "function_arn"));
  text +=
      line("expression", text_in(schedule, "expression") + " in " + text_in(schedule, "timezone"));
  for (const char* bound : {"start", "end"}) {
    if (const auto time = text_in(schedule, bound); !time.empty()) text += line(bound, time);
  }
  if (const auto input = text_in(schedule, "input"); !input.empty()) text += line("input", input);
  text += line("next run", cell(schedule, "next_run"));
  text += line("last run", run_text(schedule));
  text += line("runs", cell(schedule, "runs") + ", failed " + cell(schedule, "failed_runs") +
                           ", missed " + cell(schedule, "missed_runs") + " (" +
                           text_in(schedule, "missed") + ")");
  const std::string missed = missed_text(schedule);
  return missed.empty() ? text : text + "missed runs, the latest first:\n" + missed;
}

}  // namespace proa::cli
