// proa schedule create|update|list|show|delete|enable|disable|run|next
#include "calendar/calendar.h"
#include "cli/answer.h"
#include "cli/help.h"
#include "cli/lambda_api.h"
#include "cli/schedule_document.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kSchedulesPath = "/proa/v1/schedules";

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct VerbWords {
  std::string name;
  ScheduleWords said;
  bool is_disabled = false;
  std::string expression;  ///< of `next`
  std::string timezone = "UTC";
  std::optional<std::string> from;
  std::size_t count = 5;
  bool is_json = false;
};

std::string path_of(const VerbWords& words) {
  return std::string(kSchedulesPath) + "/" + http::percent_encode(words.name);
}

/// What was made or changed, in one line.
std::string told(const json::value& schedule, std::string_view done) {
  const std::string next = text_in(schedule, "next_run");
  return "Schedule " + text_in(schedule, "name") + " " + std::string(done) + "; " +
         (next.empty() ? "it is " + text_in(schedule, "state") : "next run " + next) + ".\n";
}

Result<std::string> create(const Surroundings& around, const VerbWords& words) {
  json::object body;
  body["name"] = words.name;
  TRY(apply(words.said, body));
  body["enabled"] = !words.is_disabled;
  TRY(const auto made, ask(around, "POST", std::string(kSchedulesPath), json::serialize(body)));
  return words.is_json ? pretty(made) : told(made, "created");
}

/// Reads the schedule, changes what `change` says and sends it back, unless somebody was quicker.
Result<json::value> change(const Surroundings& around, const VerbWords& words,
                           const std::function<Result<void>(json::object&)>& change) {
  TRY(const auto before, ask(around, "GET", path_of(words)));
  json::object body = to_request(before);
  TRY(change(body));
  return ask(around, "PUT", path_of(words), json::serialize(body));
}

Result<std::string> update(const Surroundings& around, const VerbWords& words) {
  json::object probe;
  TRY(apply(words.said, probe));  // what is wrong is told before anything is asked
  const auto& said = words.said;
  const bool says_something = !probe.empty() || said.input || said.start || said.end;
  if (!says_something) {
    return Error(Errc::invalid, "say what shall change: `proa schedule update --help`");
  }
  TRY(const auto now, change(around, words, [&](json::object& body) { return apply(said, body); }));
  return words.is_json ? pretty(now) : told(now, "updated");
}

Result<std::string> enable(const Surroundings& around, const VerbWords& words, bool is_enabled) {
  TRY(const auto now, change(around, words, [&](json::object& body) -> Result<void> {
        body["enabled"] = is_enabled;
        return ok();
      }));
  return words.is_json ? pretty(now) : told(now, is_enabled ? "enabled" : "disabled");
}

Result<std::string> list(const Surroundings& around, const VerbWords& words) {
  TRY(const auto schedules,
      ask_all(around, std::string(kSchedulesPath) + "?", {"schedules", "next_marker", "Marker"}));
  if (words.is_json) {
    json::object out;
    out["schedules"] = schedules;
    return pretty(out);
  }
  if (schedules.empty()) {
    return std::string(
        "No schedules. Make one: proa schedule create NAME 'rate(5 minutes)' --function NAME\n");
  }
  return schedule_table(around.output, schedules);
}

Result<std::string> show(const Surroundings& around, const VerbWords& words) {
  TRY(const auto schedule, ask(around, "GET", path_of(words)));
  return words.is_json ? pretty(schedule) : schedule_text(schedule);
}

Result<std::string> remove(const Surroundings& around, const VerbWords& words) {
  TRY(ask(around, "DELETE", path_of(words)));
  return words.is_json ? std::string("{}\n") : "Schedule " + words.name + " deleted.\n";
}

Result<std::string> run_now(const Surroundings& around, const VerbWords& words) {
  TRY(const auto answer, ask(around, "POST", path_of(words) + "/run"));
  if (words.is_json) return pretty(answer);
  return "A run of " + words.name + " is on the queue: request " + text_in(answer, "request_id") +
         ".\n";
}

/// Asks no daemon: the calendar is the same.
Result<std::string> next(const Surroundings& around, const VerbWords& words) {
  TRY(const auto expression, calendar::Expression::parse(words.expression));
  TRY(const auto zone, calendar::Zone::find(words.timezone));
  WallTime from = std::chrono::floor<std::chrono::seconds>(around.now());
  if (words.from) {
    TRY(from, calendar::parse_time(*words.from, zone));
  }
  json::array times;
  WallTime last = from;
  // A new rate runs at once.
  if (std::holds_alternative<calendar::Rate>(expression.form())) {
    last -= std::chrono::milliseconds(1);
  }
  while (times.size() < words.count) {
    const auto time = expression.next(last, zone, from);
    if (!time) break;
    times.emplace_back(zone.text(*time));
    last = *time;
  }
  if (words.is_json) {
    json::object out;
    out["times"] = std::move(times);
    return pretty(out);
  }
  if (times.empty()) return words.expression + " does not come any more.\n";
  std::string text;
  for (const auto& time : times) text.append(time.get_string()).append("\n");
  return text;
}

void add_said(CLI::App& verb, VerbWords& words) {
  ScheduleWords& said = words.said;
  verb.add_option("--timezone", said.timezone,
                  "IANA name of the zone that cron(), at(), --start and --end are in; UTC if none")
      ->type_name("ZONE");
  verb.add_option("--input", said.input,
                  "JSON that the function gets; '' or none: EventBridge's scheduled event")
      ->type_name("JSON");
  verb.add_option("--input-file", said.input_file, "A file with that JSON")->type_name(kFilePath);
  verb.add_option(
          "--start", said.start,
          "No run before this time, as 2026-11-26T09:00:00 or with Z or +01:00; '': at once")
      ->type_name("TIME");
  verb.add_option("--end", said.end, "No run behind this time; '': never")->type_name("TIME");
  verb.add_option("--description", said.description, "What it is for");
  verb.add_option("--missed", said.missed,
                  "What becomes of the latest run that could not begin in time, as the daemon was "
                  "down: skip it, or run-once when it is up again; skip if none is said")
      ->check(CLI::IsMember({"skip", "run-once"}));
}

CLI::App* add_named(CLI::App& parent, const char* verb_name, const char* says, VerbWords& words) {
  CLI::App* verb = parent.add_subcommand(verb_name, says);
  verb->add_option("name", words.name, "Its name")
      ->required()
      ->type_name(kScheduleName)
      ->check([](const std::string& name) {
        return name.empty() ? std::string("the name of a schedule is empty") : std::string();
      });
  return verb;
}

CLI::App* add_next(CLI::App& parent, VerbWords& words) {
  CLI::App* verb = parent.add_subcommand("next", "When an expression comes next; asks no daemon");
  verb->add_option("expression", words.expression,
                   "rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2026-11-26T09:30:00)")
      ->required();
  verb->add_option("--timezone", words.timezone, "IANA name of the zone")
      ->type_name("ZONE")
      ->capture_default_str();
  verb->add_option("--from", words.from, "Behind this time, now if none")->type_name("TIME");
  verb->add_option("--count", words.count, "How many times")
      ->capture_default_str()
      ->check(CLI::Range(1U, 1000U));
  return verb;
}

void add_schedule_examples(CLI::App& verb) {
  add_examples(verb,
               {{"proa schedule create report 'cron(0 9 ? * MON-FRI *)' --function report "
                 "--timezone Europe/Berlin",
                 "each working day at nine"},
                {"proa schedule create ping 'rate(5 minutes)' --function ping --input '{\"n\": 1}'",
                 "now and every five minutes"},
                {"proa schedule list", "what runs when, and what was missed"},
                {"proa schedule update report --expression 'cron(0 8 ? * MON-FRI *)'", ""},
                {"proa schedule next 'cron(0 0 L * ? *)' --timezone America/New_York",
                 "the ends of the next five months"}});
}

}  // namespace

void add_schedule_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<VerbWords>();
  CLI::App* all = app.add_subcommand("schedule", "Functions that run by the clock");
  all->group(kCalls);
  all->require_subcommand(1);
  add_schedule_examples(*all);
  CLI::App* made = add_named(*all, "create", "Make a schedule", *words);
  made->add_option("expression", words->said.expression,
                   "rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2026-11-26T09:30:00)")
      ->required();
  made->add_option("--function", words->said.function, "The function, with :QUALIFIER if wanted")
      ->required()
      ->type_name(kFunctionName);
  made->add_flag("--disabled", words->is_disabled, "It runs once it is enabled");
  CLI::App* changed = add_named(*all, "update", "Change what is said, and leave the rest", *words);
  changed->add_option("--expression", words->said.expression, "When it runs");
  changed->add_option("--function", words->said.function, "The function")->type_name(kFunctionName);
  for (CLI::App* verb : {made, changed}) add_said(*verb, *words);
  CLI::App* listed = all->add_subcommand("list", "List them: next and last run, missed runs");
  using Verb = std::pair<CLI::App*, std::function<Result<std::string>(const VerbWords&)>>;
  const std::vector<Verb> verbs{
      {made, [&](const VerbWords& said) { return create(surroundings, said); }},
      {changed, [&](const VerbWords& said) { return update(surroundings, said); }},
      {listed, [&](const VerbWords& said) { return list(surroundings, said); }},
      {add_named(*all, "show", "Show one, with its missed runs", *words),
       [&](const VerbWords& said) { return show(surroundings, said); }},
      {add_named(*all, "delete", "Delete one; a run that is on the queue runs", *words),
       [&](const VerbWords& said) { return remove(surroundings, said); }},
      {add_named(*all, "enable", "Let it run again; what was due meanwhile is not missed", *words),
       [&](const VerbWords& said) { return enable(surroundings, said, true); }},
      {add_named(*all, "disable", "Keep it, but let nothing run", *words),
       [&](const VerbWords& said) { return enable(surroundings, said, false); }},
      {add_named(*all, "run", "Run it now, besides when it is due", *words),
       [&](const VerbWords& said) { return run_now(surroundings, said); }},
      {add_next(*all, *words), [&](const VerbWords& said) { return next(surroundings, said); }}};
  for (const auto& [verb, action] : verbs) {
    add_json(*verb, words->is_json);
    verb->callback([&chosen, words, action = action] {
      chosen.action = [words, action] { return action(*words); };
    });
  }
}

}  // namespace proa::cli
