// proa show
#include "cli/function_document.h"
#include "cli/help.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace proa::cli {
namespace {

/// The words of the verb; shared by the parser that fills it and the action that reads it.
struct ShowWords {
  std::string name;
  bool shows_environment = false;
  bool is_json = false;
};

Result<std::string> show(const Surroundings& around, const ShowWords& words) {
  TRY(const auto document, fetch_function(around, words.name));
  if (words.is_json) return pretty(document);
  return describe_function(around, document, words.shows_environment);
}

}  // namespace

void add_show_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<ShowWords>();
  CLI::App* verb = app.add_subcommand("show", "Show everything about a function");
  verb->group(kFunctions);
  add_examples(*verb, {{"proa show resize", ""},
                       {"proa show resize --json | jq -r .Code.Location", "where its code is"}});
  add_function(*verb, words->name);
  verb->add_flag("--show-env", words->shows_environment,
                 "Show the values of environment variables too; --json always has them");
  add_json(*verb, words->is_json);
  verb->callback([&, words] { chosen.action = [&, words] { return show(surroundings, *words); }; });
}

}  // namespace proa::cli
