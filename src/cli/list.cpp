// proa list
#include "cli/answer.h"
#include "cli/help.h"
#include "cli/human.h"
#include "cli/lambda_api.h"
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
struct ListWords {
  bool wants_tags = false;
  bool is_json = false;
};

/// Adds the tags of each function: ListFunctions does not tell them.
Result<void> add_tags(const Surroundings& around, json::array& functions) {
  for (auto& function : functions) {
    const std::string arn = text_in(function, "FunctionArn");
    const auto answer = ask(around, "GET", "/2017-03-31/tags/" + http::percent_encode(arn));
    if (!answer && answer.error().code() == Errc::not_found) continue;  // deleted meanwhile
    if (!answer) return answer.error();
    const auto* tags = object_in(answer.value(), "Tags");
    if (tags != nullptr && function.is_object()) function.get_object()["Tags"] = *tags;
  }
  return ok();
}

std::string tags_of(const json::value& function) {
  std::string text;
  const auto* tags = object_in(function, "Tags");
  if (tags == nullptr) return text;
  for (const auto& [key, value] : tags->get_object()) {
    text.append(text.empty() ? "" : ", ").append(key).append("=").append(cell(*tags, key));
  }
  return text;
}

json::object row_of(const json::value& function, WallTime now) {
  json::object row;
  row["name"] = text_in(function, "FunctionName");
  const bool is_image = text_in(function, "PackageType") == "Image";
  row["runtime"] = is_image ? "image" : text_in(function, "Runtime");
  row["memory"] = cell(function, "MemorySize") + " MB";
  row["timeout"] = cell(function, "Timeout") + " s";
  const auto size = number_in(function, "CodeSize").value_or(0);
  row["size"] = human_size(static_cast<std::uint64_t>(std::max<std::int64_t>(size, 0)));
  row["modified"] = age_of(text_in(function, "LastModified"), now);
  row["tags"] = tags_of(function);
  return row;
}

Result<std::string> list(const Surroundings& around, const ListWords& words) {
  TRY(auto functions,
      ask_all(around, "/2015-03-31/functions?MaxItems=50", {"Functions", "NextMarker", "Marker"}));
  if (words.wants_tags) {
    TRY(add_tags(around, functions));
  }
  if (words.is_json) {
    json::object document;
    document["Functions"] = std::move(functions);
    return pretty(document);
  }
  if (functions.empty()) {
    around.note("No functions yet.\n");
    return std::string();
  }
  std::vector<Column> columns{{"NAME", "name"},           {"RUNTIME", "runtime"},
                              {"MEMORY", "memory", true}, {"TIMEOUT", "timeout", true},
                              {"CODE", "size", true},     {"MODIFIED", "modified", true}};
  if (words.wants_tags) columns.push_back({"TAGS", "tags"});
  json::array rows;
  const WallTime now = around.now();
  for (const auto& function : functions) rows.push_back(row_of(function, now));
  return table(around.output, rows, columns);
}

}  // namespace

void add_list_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<ListWords>();
  CLI::App* verb = app.add_subcommand("list", "List the functions")->alias("ls");
  verb->group(kFunctions);
  add_examples(*verb, {{"proa list --tags", ""},
                       {"proa list --json | jq -r '.Functions[].FunctionName'", "names only"}});
  verb->add_flag("--tags", words->wants_tags, "Their tags too: one more request a function");
  add_json(*verb, words->is_json);
  verb->callback([&, words] { chosen.action = [&, words] { return list(surroundings, *words); }; });
}

}  // namespace proa::cli
