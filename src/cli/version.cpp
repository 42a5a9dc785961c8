// proa version publish|list
#include "cli/answer.h"
#include "cli/help.h"
#include "cli/human.h"
#include "cli/lambda_api.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct VersionWords {
  std::string name;
  std::string description;
  bool is_json = false;
};

Result<std::string> publish(const Surroundings& around, const VersionWords& words) {
  json::object body;
  if (!words.description.empty()) body["Description"] = words.description;
  TRY(const auto answer,
      ask(around, "POST", functions_path(words.name, "/versions"), json::serialize(body)));
  if (words.is_json) return pretty(answer);
  const std::string version = text_in(answer, "Version");
  return "Version " + version + " is " + text_in(answer, "FunctionArn") +
         "\nLead calls to it: proa alias set " + words.name + " live " + version + "\n";
}

Result<std::string> list(const Surroundings& around, const VersionWords& words) {
  TRY(auto versions, ask_all(around, functions_path(words.name, "/versions") + "?",
                             {"Versions", "NextMarker", "Marker"}));
  if (words.is_json) return pretty(versions);
  for (json::value& version : versions) {
    json::object& row = version.as_object();
    row["Age"] = age_of(text_in(version, "LastModified"), around.now());
  }
  return table(around.output, versions,
               {{"VERSION", "Version"},
                {"RUNTIME", "Runtime"},
                {"MEMORY", "MemorySize", true},
                {"AGE", "Age", true},
                {"DESCRIPTION", "Description"}});
}

}  // namespace

void add_version_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<VersionWords>();
  CLI::App* version = app.add_subcommand("version", "Code and settings of a function, frozen");
  version->group(kFunctions);
  version->require_subcommand(1);
  add_examples(*version, {{"proa version publish resize --description 'before the new codec'", ""},
                          {"proa version list resize", ""},
                          {"proa delete resize:3", "one version"}});
  CLI::App* published = version->add_subcommand("publish", "Freeze a function as it is now");
  published->add_option("--description", words->description, "What is special about it");
  CLI::App* listed = version->add_subcommand("list", "List the versions of a function");
  for (CLI::App* verb : {published, listed}) {
    add_function(*verb, words->name);
    add_json(*verb, words->is_json);
  }
  published->callback(
      [&, words] { chosen.action = [&, words] { return publish(surroundings, *words); }; });
  listed->callback(
      [&, words] { chosen.action = [&, words] { return list(surroundings, *words); }; });
}

}  // namespace proa::cli
