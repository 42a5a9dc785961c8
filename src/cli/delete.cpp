// proa delete
#include "cli/help.h"
#include "cli/lambda_api.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// The words of the verb; shared by the parser that fills it and the action that reads it.
struct DeleteWords {
  std::vector<std::string> names;
  bool is_sure = false;
  bool is_json = false;
};

/// Whether they are to go. Errc: invalid (nobody can be asked, or the answer is no).
Result<void> make_sure(const Surroundings& around, const DeleteWords& words) {
  if (words.is_sure) return ok();
  if (!around.is_input_terminal) {
    return Error(Errc::invalid, "nothing is deleted: say --yes where nobody can be asked");
  }
  std::string names;
  for (const std::string& name : words.names) names += (names.empty() ? "" : ", ") + name;
  around.note("Delete " + one_line(names) + " for good? [y/N] ");
  const std::string answer = around.read_line().value_or("");
  if (answer == "y" || answer == "Y" || answer == "yes") return ok();
  return Error(Errc::invalid, "nothing is deleted");
}

/// Each of them, whatever becomes of the others; the code is that of the first that failed.
Result<std::string> remove(const Surroundings& around, const DeleteWords& words, Chosen& chosen) {
  TRY(make_sure(around, words));
  std::string text;
  json::array deleted;
  json::array failed;
  for (const std::string& name : words.names) {
    const auto answer = ask(around, "DELETE", functions_path(name));
    if (answer) {
      text += one_line(name) + " is deleted.\n";
      deleted.push_back(json::value(name));
      continue;
    }
    if (failed.empty()) chosen.code = exit_code_of(answer.error().code());
    json::object failure;
    failure["name"] = name;
    failure["error"] = answer.error().message();
    failed.push_back(std::move(failure));
    around.note(paint(around.errors, Ink::failure, "proa:") + " " + one_line(name) + ": " +
                lines_of(answer.error().message()) + "\n");
  }
  if (!words.is_json) return text;
  json::object document;
  document["deleted"] = std::move(deleted);
  document["failed"] = std::move(failed);
  return pretty(document);
}

}  // namespace

void add_delete_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<DeleteWords>();
  CLI::App* verb = app.add_subcommand("delete", "Delete functions for good");
  verb->group(kFunctions);
  add_examples(*verb, {{"proa delete resize", "asks first"},
                       {"proa delete resize thumb --yes", "in a script"}});
  add_functions(*verb, words->names);
  verb->add_flag("-y,--yes", words->is_sure, "Do not ask");
  add_json(*verb, words->is_json);
  verb->callback(
      [&, words] { chosen.action = [&, words] { return remove(surroundings, *words, chosen); }; });
}

}  // namespace proa::cli
