// proa runtime add|build|list|show|remove
#include "cli/answer.h"
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/human.h"
#include "cli/table.h"
#include "cli/upload.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr const char* kRuntimesPath = "/proa/v1/runtimes";

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct RuntimeWords {
  std::string name;
  std::string source;
  std::vector<std::string> packages;
  std::string suite;
  bool is_json = false;
};

std::string runtime_path(const RuntimeWords& words) {
  return std::string(kRuntimesPath) + "/" + http::percent_encode(words.name);
}

std::string runtime_size(const json::value& image, std::string_view name) {
  return human_size(static_cast<std::uint64_t>(number_in(image, name).value_or(0)));
}

/// Members `first` and, where it is given, `second` of the objects of a list, or its texts.
std::string joined_members(const json::value& image, std::string_view list, std::string_view first,
                           std::string_view second, const char* between) {
  std::string text;
  const auto items = array_in(image, list);
  if (!items) return text;
  for (const json::value& each : items.value()) {
    if (!text.empty()) text += between;
    text += each.is_string() ? std::string(each.get_string()) : text_in(each, first);
    if (!second.empty()) text += " " + text_in(each, second);
  }
  return text;
}

std::string how_made(const json::value& image) {
  const std::string packages = joined_members(image, "asked_for", "", "", ", ");
  return packages.empty() ? "added" : "built of " + packages;
}

Result<std::string> send_root(const Surroundings& around, const RuntimeWords& words,
                              const packaging::Package& package, ProgressLine& progress) {
  json::object body{{"name", words.name}};
  if (!words.packages.empty()) {
    body["asked_for"] = json::array(words.packages.begin(), words.packages.end());
  }
  TRY(const auto image, upload_and_unpack(around, package, progress, kRuntimesPath, body));
  if (words.is_json) return pretty(image);
  const std::string has = joined_members(image, "interpreters", "runtime", "", ", ");
  return "The runtime image " + words.name +
         " is there: " + (has.empty() ? "no interpreter" : has) + ", " +
         runtime_size(image, "unpacked_bytes") + ".\n";
}

Result<std::string> add_runtime(const Surroundings& around, const RuntimeWords& words) {
  ProgressLine progress(around, !words.is_json);
  progress.begin("reading", 0);
  TRY(const auto package, packaging::pack_root(words.source));
  progress.clear();
  return send_root(around, words, package, progress);
}

/// Before minutes of work for a name that is taken.
Result<void> refuse_taken(const Surroundings& around, const RuntimeWords& words) {
  const auto found = ask(around, "GET", runtime_path(words));
  if (found) {
    return Error(Errc::conflict, "There is a runtime image '" + words.name + "' already");
  }
  if (found.error().code() != Errc::not_found) return found.error();
  return ok();
}

Result<std::string> build_runtime(const Surroundings& around, const RuntimeWords& words) {
  TRY(refuse_taken(around, words));
  TRY(auto recipe, packaging::host_recipe());
  recipe.packages = words.packages;
  // Sources are of this host's suite; of another one mmdebstrap knows where packages are.
  if (!words.suite.empty() && words.suite != recipe.suite) {
    recipe.suite = words.suite;
    recipe.sources.clear();
  }
  ProgressLine progress(around, !words.is_json);
  progress.begin("building", 0);
  const auto package = packaging::build_root(recipe);
  progress.clear();
  if (!package) return package.error();
  return send_root(around, words, package.value(), progress);
}

Result<std::string> list_runtimes(const Surroundings& around, const RuntimeWords& words) {
  TRY(const auto answer, ask(around, "GET", kRuntimesPath));
  if (words.is_json) return pretty(answer);
  TRY(const auto images, array_in(answer, "runtimes"));
  if (images.empty()) {
    return std::string(
        "No runtime images: functions run with the host's programs. Build one: proa runtime build "
        "NAME --packages python3\n");
  }
  json::array rows;
  for (const json::value& image : images) {
    json::object row;
    row["name"] = text_in(image, "name");
    row["hash"] = text_in(image, "sha256").substr(0, 12);
    row["interpreters"] = joined_members(image, "interpreters", "runtime", "", ", ");
    row["size"] = runtime_size(image, "unpacked_bytes");
    row["made"] = how_made(image);
    row["used"] = joined_members(image, "used_by", "", "", ", ");
    rows.push_back(std::move(row));
  }
  return table(around.output, rows,
               {{"RUNTIME", "name"},
                {"HASH", "hash"},
                {"INTERPRETERS", "interpreters"},
                {"SIZE", "size", true},
                {"MADE", "made"},
                {"USED BY", "used"}});
}

Result<std::string> show_runtime(const Surroundings& around, const RuntimeWords& words) {
  TRY(const auto answer, ask(around, "GET", runtime_path(words)));
  if (words.is_json) return pretty(answer);
  constexpr const char* kNext = "\n              ";
  const std::int64_t skipped = number_in(answer, "skipped").value_or(0);
  return "name:         " + text_in(answer, "name") +
         "\nsha256:       " + text_in(answer, "sha256") +
         "\ninterpreters: " + joined_members(answer, "interpreters", "runtime", "version", kNext) +
         "\nmade:         " + how_made(answer) + "\nadded:        " + text_in(answer, "added") +
         "\nsize:         " + runtime_size(answer, "unpacked_bytes") + " (archive " +
         runtime_size(answer, "archive_bytes") +
         ")\nused by:      " + joined_members(answer, "used_by", "", "", kNext) +
         "\npackages:     " + joined_members(answer, "packages", "name", "version", kNext) +
         (skipped == 0 ? "\n" : "\nleft out:     " + std::to_string(skipped) + " devices\n");
}

Result<std::string> remove_runtime(const Surroundings& around, const RuntimeWords& words) {
  TRY(ask(around, "DELETE", runtime_path(words)));
  if (words.is_json) return std::string("{}\n");
  return "The runtime image " + words.name + " is removed.\n";
}

CLI::App* add_named_runtime(CLI::App& runtime, RuntimeWords& words, const char* verb,
                            const char* says) {
  CLI::App* made = runtime.add_subcommand(verb, says);
  made->add_option("name", words.name, "Its name")->required()->type_name(kRuntimeImageName);
  return made;
}

}  // namespace

void add_runtime_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<RuntimeWords>();
  CLI::App* runtime =
      app.add_subcommand("runtime", "Runtime images: interpreters and packages of their own");
  runtime->require_subcommand(1)->group(kOperating);
  add_examples(
      *runtime,
      {{"proa runtime build py-sci --packages python3,python3-numpy", "of Debian packages"},
       {"proa deploy fn/ --runtime python3.11 --runtime-image py-sci", "runs in it"},
       {"proa runtime add own root.tar.zst", "any root, as a tar file or a folder"},
       {"proa runtime show py-sci", "interpreters, packages, functions that use it"},
       {"proa runtime remove py-sci", ""}});
  CLI::App* added = runtime->add_subcommand("add", "Add a root: a folder, or a tar file of one");
  CLI::App* built = runtime->add_subcommand("build", "Build one of Debian packages (mmdebstrap)");
  for (CLI::App* verb : {added, built}) {
    verb->add_option("name", words->name, "What it is called: a-z, 0-9, '.', '_' and '-'")
        ->required();
  }
  added->add_option("source", words->source, "A folder, or a tar file, compressed or not")
      ->required()
      ->type_name(kFilePath);
  built->add_option("--packages", words->packages, "NAME,NAME: what they depend on comes along")
      ->required()
      ->delimiter(',');
  built->add_option("--suite", words->suite, "Of Debian, e.g. bookworm; otherwise this host's");
  CLI::App* listed = runtime->add_subcommand("list", "List the runtime images");
  CLI::App* shown = add_named_runtime(*runtime, *words, "show", "What is known about one");
  CLI::App* removed = add_named_runtime(*runtime, *words, "remove", "Remove one that is not used");
  for (CLI::App* verb : {added, built, listed, shown, removed}) add_json(*verb, words->is_json);
  const auto act = [&](CLI::App* verb, auto action) {
    verb->callback([&, words, action] {
      chosen.action = [&, words, action] { return action(surroundings, *words); };
    });
  };
  act(added, add_runtime);
  act(built, build_runtime);
  act(listed, list_runtimes);
  act(shown, show_runtime);
  act(removed, remove_runtime);
}

}  // namespace proa::cli
