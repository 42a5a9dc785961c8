// proa deploy PATH: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html by name.
#include "cli/answer.h"
#include "cli/deploy_template.h"
#include "cli/deployment.h"
#include "cli/help.h"
#include "cli/human.h"
#include "cli/runtime_choice.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// The words of the verb; shared by the parser that fills it and the action that reads it.
struct DeployWords {
  std::string path;
  TemplateWords from_template;
  FunctionWish wish;
  std::vector<std::string> variables;
  std::vector<std::string> variable_files;
  std::vector<std::string> layers;
  std::vector<std::string> tags;
  std::string isolation;
  std::optional<std::string> runtime_image;
  bool is_dry_run = false;
  bool is_json = false;
};

/// The last part of the path, without what follows a dot in the name of a file.
std::string default_name(const std::string& path) {
  std::error_code failed;
  const auto whole = std::filesystem::canonical(path, failed);
  if (failed) return {};
  return (std::filesystem::is_directory(whole, failed) ? whole.filename() : whole.stem()).string();
}

Result<FunctionWish> wish_in(const DeployWords& words) {
  FunctionWish wish = words.wish;
  if (wish.name.empty()) {
    wish.name = default_name(words.path);
    auto checked = check_wish(wish);
    if (!checked && !wish.name.empty()) {
      return Error(Errc::invalid, checked.error().message() + ": give --name");
    }
  }
  for (const std::string& file : words.variable_files) {
    TRY(auto pairs, read_pairs(file));
    for (auto& [name, value] : pairs) wish.environment[name] = std::move(value);
  }
  TRY(auto variables, parse_pairs("--env", words.variables));
  for (auto& [name, value] : variables) wish.environment[name] = std::move(value);
  TRY(wish.tags, parse_pairs("--tag", words.tags));
  if (!words.isolation.empty()) wish.tags["proa:isolation"] = words.isolation;
  if (words.runtime_image) wish.tags["proa:runtime"] = *words.runtime_image;
  if (!words.layers.empty()) wish.layers = words.layers;
  // "--layer ''" takes all away.
  if (wish.layers) std::erase(*wish.layers, "");
  return wish;
}

/// One deployment from its words to its text.
class Deploying {
 public:
  Deploying(const Surroundings& around, const DeployWords& words)
      : around_(around), words_(words), progress_(around, !words.is_json) {}
  Result<std::string> run();

 private:
  Result<void> choose();
  void tell_what_stays_behind();
  void note(std::string_view text);
  std::string text_of(const Deployed& deployed) const;
  std::string text_of(const Plan& plan) const;
  std::string size_text() const;

  const Surroundings& around_;
  const DeployWords& words_;
  ProgressLine progress_;
  FunctionWish wish_;
  packaging::Contents contents_;
  std::optional<json::value> there_;
  std::size_t zip_bytes_ = 0;
};

Result<std::string> Deploying::run() {
  const packaging::Limits limits;
  TRY(wish_, wish_in(words_));
  TRY(contents_, packaging::read_contents(words_.path, limits));
  TRY(check_wish(wish_));
  TRY(there_, find_function(around_, wish_.name));
  TRY(choose());
  tell_what_stays_behind();
  progress_.begin("packing", contents_.bytes);
  const auto packed = packaging::pack(
      contents_, limits, [this](std::uint64_t done, std::uint64_t) { progress_.show(done); });
  progress_.clear();
  if (!packed) return packed.error();
  zip_bytes_ = packed.value().bytes().size();
  const json::value* const there = there_ ? &*there_ : nullptr;
  const Plan plan = make_plan(wish_, there, packed.value().digest);
  if (words_.is_dry_run) return text_of(plan);
  TRY(const auto deployed, carry_out(around_, wish_, plan, there, packed.value(), progress_));
  return text_of(deployed);
}

/// Of a function that is there, what nobody names stays.
Result<void> Deploying::choose() {
  if (there_) return ok();
  TRY(const auto choice, choose_runtime(around_, contents_, wish_.runtime, wish_.handler));
  wish_.runtime = choice.runtime;
  wish_.handler = choice.handler;
  if (!choice.reason.empty()) note("guessed: " + choice.reason + "\n");
  return ok();
}

void Deploying::note(std::string_view text) {
  if (!words_.is_json) around_.note(text);
}

void Deploying::tell_what_stays_behind() {
  if (contents_.ignored_count > 0) {
    std::vector<std::string> names = contents_.ignored;
    if (contents_.ignored_count > names.size()) {
      names.push_back(std::to_string(contents_.ignored_count - names.size()) + " more");
    }
    note("left out: " + one_line(joined(names)) + "\n");
  }
  if (const auto missing = packaging::missing_packages(contents_)) {
    around_.note(paint(around_.errors, Ink::warning, "warning:") + " " + *missing + "\n");
  }
}

std::string Deploying::size_text() const {
  return std::to_string(contents_.entries.size()) + " files, " + human_size(contents_.bytes) +
         ", zipped " + human_size(zip_bytes_);
}

std::string Deploying::text_of(const Deployed& deployed) const {
  if (words_.is_json) {
    json::object out;
    out["action"] = deployed.action;
    json::array changes;
    for (const std::string& change : deployed.changes) changes.emplace_back(change);
    out["changes"] = std::move(changes);
    out["function"] = deployed.function;
    return pretty(out);
  }
  const std::string name = text_in(deployed.function, "FunctionName");
  std::string text;
  if (deployed.action == "created") {
    text = "Created " + name + ": " + text_in(deployed.function, "Runtime") + ", " +
           text_in(deployed.function, "Handler") + ", " + size_text();
  } else if (deployed.action == "updated") {
    text = "Updated " + name + ": " + joined(deployed.changes);
  } else {
    text = name + " is what it shall be: nothing to change";
  }
  return text + "\n" + text_in(deployed.function, "FunctionArn") + "\nCall it: proa invoke " +
         name + "\n";
}

std::string Deploying::text_of(const Plan& plan) const {
  if (words_.is_json) {
    json::object out;
    out["action"] = plan.is_new ? "create" : plan.is_empty() ? "none" : "update";
    json::array changes;
    for (const std::string& change : plan.changes) changes.emplace_back(change);
    out["changes"] = std::move(changes);
    json::object function = plan.configuration;
    function["FunctionName"] = wish_.name;
    out["function"] = std::move(function);
    return pretty(out);
  }
  if (plan.is_new) {
    return "Would create " + wish_.name + ": " + *wish_.runtime + ", " + *wish_.handler + ", " +
           size_text() + "\n";
  }
  if (plan.is_empty()) return wish_.name + " is what it shall be: nothing to change\n";
  return "Would update " + wish_.name + ": " + joined(plan.changes) + "\n";
}

/// Options of the command line that are about one function.
std::string one_function_option(const CLI::App& verb) {
  for (const char* name : {"--name", "--runtime", "--handler", "--env", "--env-file", "--unset-env",
                           "--replace-env", "--memory", "--timeout", "--tmp", "--layer", "--role",
                           "--isolation", "--runtime-image", "--tag", "--description", "--arch"}) {
    if (verb.get_option(name)->count() > 0) return name;
  }
  return "";
}

Result<std::string> run(const Surroundings& around, const DeployWords& words,
                        const CLI::App& verb) {
  if (words.from_template.file.empty()) {
    if (!words.path.empty()) return Deploying(around, words).run();
    return Error(Errc::invalid, "Give the folder, zip or file to deploy, or --template FILE");
  }
  if (!words.path.empty()) {
    return Error(Errc::invalid, "Give either a path or --template, not both");
  }
  const std::string option = one_function_option(verb);
  if (!option.empty()) {
    return Error(Errc::invalid, option + " is about one function; the template says it");
  }
  TemplateWords from_template = words.from_template;
  from_template.is_dry_run = words.is_dry_run;
  from_template.is_json = words.is_json;
  return deploy_template(around, from_template);
}

void add_template_options(CLI::App& verb, TemplateWords& words) {
  CLI::Option* const file = verb.add_option(
      "--template", words.file, "Deploy what a SAM, CloudFormation or Serverless file describes");
  file->type_name(kFilePath);
  verb.add_option("--parameter", words.parameters, "NAME=VALUE of a template's parameter")
      ->allow_extra_args(false)
      ->needs(file);
  verb.add_option("--stage", words.stage, "Stage of a Serverless file")->needs(file);
  verb.add_option("--stack", words.stack, "What AWS::StackName is")->needs(file);
  verb.add_flag("--skip-unsupported", words.skips_unsupported,
                "Leave out what Proa cannot do, instead of refusing")
      ->needs(file);
}

void add_options(CLI::App& verb, DeployWords& words) {
  FunctionWish& wish = words.wish;
  verb.add_option("path", words.path, "A folder, a .zip, or one .py, .js or .mjs file")
      ->type_name(kFilePath);
  verb.add_option("--name", wish.name, "Name of the function; otherwise that of the path");
  verb.add_option("--runtime", wish.runtime, "e.g. python3.11; otherwise guessed from the files");
  verb.add_option("--handler", wish.handler, "FILE.FUNCTION; otherwise guessed from the files");
  verb.add_option("--env", words.variables, "NAME=VALUE, beside the variables that are there")
      ->allow_extra_args(false);
  verb.add_option("--env-file", words.variable_files, "A file of such lines; --env wins")
      ->allow_extra_args(false)
      ->type_name(kFilePath);
  verb.add_option("--unset-env", wish.removed_variables, "Take a variable away")
      ->allow_extra_args(false);
  verb.add_flag("--replace-env", wish.replaces_environment,
                "The variables given are all there shall be");
  verb.add_option("--memory", wish.memory_mib, "MB, 128 to 10240");
  verb.add_option("--timeout", wish.timeout_s, "Seconds, 1 to 900");
  verb.add_option("--tmp", wish.tmp_mib, "MB of /tmp, 512 to 10240");
  verb.add_option("--layer", words.layers, "ARN of a layer's version; all of them, in order")
      ->allow_extra_args(false);
  verb.add_option("--role", wish.role, "ARN of a role; any will do");
  verb.add_option("--isolation", words.isolation, "container or microvm")
      ->check(CLI::IsMember({"container", "microvm"}));
  verb.add_option("--runtime-image", words.runtime_image, "Runs in it (proa runtime list)")
      ->type_name(kRuntimeImageName);
  verb.add_option("--tag", words.tags, "KEY=VALUE, beside the tags that are there")
      ->allow_extra_args(false);
  verb.add_option("--description", wish.description, "What the function is for");
  verb.add_option("--arch", wish.architecture, "x86_64 or arm64: the machine's own")
      ->check(CLI::IsMember({"x86_64", "arm64"}));
  verb.add_flag("--dry-run", words.is_dry_run, "Pack, compare, and say what would be done");
  add_json(verb, words.is_json);
}

}  // namespace

void add_deploy_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<DeployWords>();
  CLI::App* verb = app.add_subcommand(
      "deploy", "Make a function of a folder, a zip or a file, or bring one up to date");
  verb->group(kFunctions);
  add_options(*verb, *words);
  add_template_options(*verb, words->from_template);
  add_examples(*verb, {{"proa deploy ./hello", "runtime and handler are guessed from the files"},
                       {"proa deploy app.py --name hi --env STAGE=test --memory 256", ""},
                       {"proa deploy --template template.yaml --parameter Stage=test", ""},
                       {"proa deploy ./hello --dry-run", "what would be done"}});
  verb->callback([&, words, verb] {
    chosen.action = [&, words, verb] { return run(surroundings, *words, *verb); };
  });
}

}  // namespace proa::cli
