// proa dead-letters list|show|rerun|delete
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/lambda_api.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kLettersPath = "/proa/v1/dead-letters";

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct DeadLettersWords {
  std::string function;
  std::vector<std::string> ids;
  bool is_all = false;
  bool is_json = false;
};

/// All of them, page by page.
Result<json::array> fetch(const Surroundings& around, const std::string& function) {
  std::string target = std::string(kLettersPath) + "?";
  add_parameter(target, "FunctionName", function);
  return ask_all(around, target, {"dead_letters", "next_marker", "Marker"});
}

Result<std::string> list(const Surroundings& around, const DeadLettersWords& words) {
  TRY(const auto letters, fetch(around, words.function));
  if (words.is_json) {
    json::object out;
    out["dead_letters"] = letters;
    return pretty(out);
  }
  if (letters.empty()) return std::string("No dead letters.\n");
  return table(around.output, letters,
               {{"ID", "id"},
                {"DIED", "died"},
                {"CONDITION", "condition"},
                {"ATTEMPTS", "attempts"},
                {"REQUEST ID", "request_id"},
                {"FUNCTION", "function_arn"}});
}

std::string letter_path(const std::string& id) {
  return std::string(kLettersPath) + "/" + http::percent_encode(id);
}

Result<std::string> show(const Surroundings& around, const DeadLettersWords& words) {
  TRY(const auto letter, ask(around, "GET", letter_path(words.ids.front())));
  return pretty(letter);
}

/// The ids that were named, or with --all every one there is (of --function).
Result<std::vector<std::string>> chosen_ids(const Surroundings& around,
                                            const DeadLettersWords& words) {
  if (!words.is_all) {
    if (!words.ids.empty()) return words.ids;
    return Error(Errc::invalid, "name the dead letters by their ids, or say --all");
  }
  if (!words.ids.empty()) return Error(Errc::invalid, "--all and ids exclude each other");
  TRY(const auto letters, fetch(around, words.function));
  std::vector<std::string> ids;
  for (const auto& letter : letters) ids.push_back(cell(letter, "id"));
  return ids;
}

Result<std::string> rerun(const Surroundings& around, const DeadLettersWords& words) {
  TRY(const auto ids, chosen_ids(around, words));
  for (const auto& id : ids) {
    TRY(ask(around, "POST", letter_path(id) + "/rerun"));
  }
  if (words.is_json) return std::string("{}\n");
  return std::to_string(ids.size()) + " dead letter(s) run again.\n";
}

Result<std::string> remove(const Surroundings& around, const DeadLettersWords& words) {
  TRY(const auto ids, chosen_ids(around, words));
  for (const auto& id : ids) {
    TRY(ask(around, "DELETE", letter_path(id)));
  }
  if (words.is_json) return std::string("{}\n");
  return std::to_string(ids.size()) + " dead letter(s) removed.\n";
}

CLI::App* add_bulk(CLI::App& parent, const char* name, const char* text, DeadLettersWords& words) {
  CLI::App* verb = parent.add_subcommand(name, text);
  verb->add_option("id", words.ids, "Their ids");
  verb->add_flag("--all", words.is_all, "All of them, or all of --function");
  return verb;
}

}  // namespace

void add_dead_letter_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<DeadLettersWords>();
  CLI::App* letters =
      app.add_subcommand("dead-letters", "Asynchronous calls that were given up, and why");
  letters->require_subcommand(1)->group(kCalls);
  add_examples(*letters, {{"proa dead-letters list --function resize", ""},
                          {"proa dead-letters show 7", "its event, and why it was given up"},
                          {"proa dead-letters rerun --all --function resize", ""}});
  CLI::App* listed = letters->add_subcommand("list", "List them");
  CLI::App* shown =
      letters->add_subcommand("show", "Show one as JSON, with its event and the last answer");
  shown->add_option("id", words->ids, "Its id")->required()->expected(1);
  CLI::App* again = add_bulk(*letters, "rerun", "Run some again, as new events", *words);
  CLI::App* removed = add_bulk(*letters, "delete", "Remove some for good", *words);
  shown->add_flag("--json", words->is_json, "Changes nothing: it is JSON anyhow");
  for (CLI::App* verb : {listed, again, removed}) {
    verb->add_option("--function", words->function, "Only those of this function")
        ->type_name(kFunctionName);
    verb->add_flag("--json", words->is_json, "Print the answer as JSON");
  }
  listed->callback(
      [&, words] { chosen.action = [&, words] { return list(surroundings, *words); }; });
  shown->callback(
      [&, words] { chosen.action = [&, words] { return show(surroundings, *words); }; });
  again->callback(
      [&, words] { chosen.action = [&, words] { return rerun(surroundings, *words); }; });
  removed->callback(
      [&, words] { chosen.action = [&, words] { return remove(surroundings, *words); }; });
}

}  // namespace proa::cli
