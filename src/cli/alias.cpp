// proa alias set|list|delete
#include "cli/answer.h"
#include "cli/help.h"
#include "cli/lambda_api.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"
#include "http/http.h"

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct AliasWords {
  std::string name;
  std::string alias;
  std::string version;
  std::string other;  ///< "VERSION=PERCENT"
  std::string description;
  bool is_json = false;
};

std::string path_of(const AliasWords& words) {
  return functions_path(words.name, "/aliases/" + http::percent_encode(words.alias));
}

/// {"VERSION": SHARE} of "VERSION=PERCENT" or "VERSION=PERCENT%"; nothing of "". Errc: invalid.
Result<json::object> weights_of(const std::string& text) {
  json::object weights;
  if (text.empty()) return weights;
  const std::size_t equals = text.find('=');
  const Error wrong(Errc::invalid, "--also is VERSION=PERCENT, such as 2=10%, and not " + text);
  if (equals == 0 || equals == std::string::npos) return wrong;
  std::string_view share(text);
  share.remove_prefix(equals + 1);
  if (share.ends_with("%")) share.remove_suffix(1);
  double percent = -1;
  const auto read = std::from_chars(share.data(), share.data() + share.size(), percent);
  const bool is_whole = read.ec == std::errc() && read.ptr == share.data() + share.size();
  if (!is_whole || !(percent >= 0 && percent <= 100)) return wrong;
  weights[text.substr(0, equals)] = percent / 100;
  return weights;
}

/// 0.1 is "10": without this, JSON would have it as 1E1.
std::string percent_of(double share) {
  std::array<char, 32> text = {};
  // In whole hundredths, so that 0.07 is not 7.000000000000001.
  const double percent = std::round(share * 10'000) / 100;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), percent).ptr;
  return std::string(text.data(), end);
}

/// "10 % of calls to version 2"; nothing where all go to one version.
std::string also_of(const json::value& alias) {
  const auto* const routing = object_in(alias, "RoutingConfig");
  const auto* const weights =
      routing == nullptr ? nullptr : object_in(*routing, "AdditionalVersionWeights");
  std::string text;
  if (weights == nullptr) return text;
  for (const auto& weight : weights->as_object()) {
    text += (text.empty() ? "" : ", and ") + percent_of(weight.value().to_number<double>()) +
            " % of calls to version " + std::string(weight.key());
  }
  return text;
}

/// "live leads to version 1, and 10 % of calls to version 2"
std::string told(const json::value& alias) {
  const std::string also = also_of(alias);
  return text_in(alias, "Name") + " leads to version " + text_in(alias, "FunctionVersion") +
         (also.empty() ? "" : ", and " + also);
}

/// Changes the alias, or makes it where there is none.
Result<std::string> set(const Surroundings& around, const AliasWords& words) {
  TRY(auto weights, weights_of(words.other));
  json::object body;
  body["FunctionVersion"] = words.version;
  body["RoutingConfig"] = json::object{{"AdditionalVersionWeights", std::move(weights)}};
  if (!words.description.empty()) body["Description"] = words.description;
  auto answer = ask(around, "PUT", path_of(words), json::serialize(body));
  if (!answer && answer.error().code() == Errc::not_found) {
    body["Name"] = words.alias;
    answer = ask(around, "POST", functions_path(words.name, "/aliases"), json::serialize(body));
  }
  TRY(const auto alias, std::move(answer));
  if (words.is_json) return pretty(alias);
  return told(alias) + "\nCall it: proa invoke " + words.name + ":" + words.alias + "\n";
}

Result<std::string> list(const Surroundings& around, const AliasWords& words) {
  TRY(auto aliases, ask_all(around, functions_path(words.name, "/aliases") + "?",
                            {"Aliases", "NextMarker", "Marker"}));
  if (words.is_json) return pretty(aliases);
  if (aliases.empty()) {
    return words.name + " has no alias. Make one: proa alias set " + words.name + " live VERSION\n";
  }
  for (json::value& alias : aliases) {
    const std::string also = also_of(alias);
    alias.as_object()["Also"] = also.empty() ? "-" : also;
  }
  return table(around.output, aliases,
               {{"ALIAS", "Name"},
                {"VERSION", "FunctionVersion"},
                {"ALSO", "Also"},
                {"DESCRIPTION", "Description"}});
}

Result<std::string> remove(const Surroundings& around, const AliasWords& words) {
  TRY(ask(around, "DELETE", path_of(words)));
  if (words.is_json) return std::string("{}\n");
  return words.name + ":" + words.alias + " is no more.\n";
}

}  // namespace

void add_alias_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<AliasWords>();
  CLI::App* alias = app.add_subcommand("alias", "Names that lead to versions of a function");
  alias->group(kFunctions);
  alias->require_subcommand(1);
  add_examples(*alias, {{"proa alias set resize live 1", ""},
                        {"proa alias set resize live 1 --also 2=10%", "a tenth of calls to 2"},
                        {"proa alias list resize", ""},
                        {"proa alias delete resize live", ""}});
  CLI::App* made = alias->add_subcommand("set", "Make an alias, or lead it elsewhere");
  CLI::App* listed = alias->add_subcommand("list", "List the aliases of a function");
  CLI::App* removed = alias->add_subcommand("delete", "Remove an alias");
  for (CLI::App* verb : {made, listed, removed}) {
    add_function(*verb, words->name);
    add_json(*verb, words->is_json);
  }
  for (CLI::App* verb : {made, removed}) {
    verb->add_option("alias", words->alias, "Its name: letters, digits, - and _")->required();
  }
  made->add_option("version", words->version, "A published version, or $LATEST")->required();
  made->add_option("--also", words->other,
                   "VERSION=PERCENT: another version and its share; without, calls go to one");
  made->add_option("--description", words->description, "What it is for");
  made->callback([&, words] { chosen.action = [&, words] { return set(surroundings, *words); }; });
  listed->callback(
      [&, words] { chosen.action = [&, words] { return list(surroundings, *words); }; });
  removed->callback(
      [&, words] { chosen.action = [&, words] { return remove(surroundings, *words); }; });
}

}  // namespace proa::cli
