#include "cli/deploy_template.h"

#include "cli/answer.h"
#include "cli/function_url.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/template_plan.h"
#include "cli/template_schedules.h"
#include "cli/text.h"

#include <boost/json/array.hpp>

#include <cstdlib>
#include <fstream>

namespace proa::cli {
namespace {

namespace json = boost::json;
using templates::Problem;

constexpr std::size_t kTemplateMax = 1024 * 1024;

Result<std::string> template_text(const std::string& file) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(file, failed)) {
    return Error(Errc::invalid, "There is no file " + file);
  }
  std::ifstream stream(file, std::ios::binary);
  std::string text(kTemplateMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (!stream && !stream.eof()) return Error(Errc::invalid, "cannot read " + file);
  return text;
}

std::string lines_of(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& each : problems) {
    text += "\n  line " + std::to_string(each.line) + ": " + one_line(each.text);
  }
  return text;
}

std::optional<std::string> environment_variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// One deployment of a file, from its words to its text.
class TemplateDeploying {
 public:
  TemplateDeploying(const Surroundings& around, const TemplateWords& words)
      : around_(around), words_(words), progress_(around, !words.is_json) {}
  Result<std::string> run();

 private:
  Result<templates::Template> read();
  Result<void> check_problems(const templates::Template& read);
  Result<void> deploy(const PackedTemplate& all);
  Result<void> deploy_function(const PackedFunction& packed);
  Result<void> compare(const PackedTemplate& all);
  void tell_layer(const PackedLayer& layer, const std::string& action);
  void tell_function(const std::string& name, const std::string& action,
                     const std::vector<std::string>& changes, std::string arn);
  Error stopped(const Error& error, const PackedTemplate& all, const std::string& at) const;
  std::string text() const;

  const Surroundings& around_;
  const TemplateWords& words_;
  ProgressLine progress_;
  std::map<std::string, std::string> layer_arns_;  ///< by id
  std::vector<std::string> lines_;
  std::vector<std::string> done_;
  json::array layers_;
  json::array functions_;
};

Result<std::string> TemplateDeploying::run() {
  TRY(auto found, read());
  TRY(check_problems(found));
  const auto folder = std::filesystem::absolute(words_.file).parent_path();
  TRY(const auto all, pack_template(around_, std::move(found), folder, progress_));
  if (words_.is_dry_run) {
    TRY(compare(all));
    return text();
  }
  TRY(deploy(all));
  return text();
}

Result<templates::Template> TemplateDeploying::read() {
  TRY(const auto file, template_text(words_.file));
  templates::TemplateInput input;
  TRY(input.parameters, parse_pairs("--parameter", words_.parameters));
  input.region = around_.region;
  input.stack = words_.stack;
  if (!words_.stage.empty()) input.stage = words_.stage;
  input.variable = environment_variable;
  TRY(const auto status, ask(around_, "GET", "/proa/v1/status"));
  const std::string account = text_in(status, "account_id");
  if (!account.empty()) input.account_id = account;
  auto read_back = templates::read_template(file, input);
  if (!read_back) return read_back.error().with_context(words_.file);
  return read_back;
}

Result<void> TemplateDeploying::check_problems(const templates::Template& read) {
  if (!read.problems.empty() && !words_.skips_unsupported) {
    return Error(Errc::invalid, words_.file +
                                    " asks for what Proa cannot do:" + lines_of(read.problems) +
                                    "\nNothing was deployed. --skip-unsupported leaves these out");
  }
  if (read.functions.empty() && read.layers.empty()) {
    return Error(Errc::invalid, words_.file + " has no function or layer to deploy");
  }
  if (words_.is_json) return ok();
  if (!read.problems.empty()) around_.note("left out:" + lines_of(read.problems) + "\n");
  if (!read.notes.empty()) around_.note("means nothing here:" + lines_of(read.notes) + "\n");
  return ok();
}

Result<void> TemplateDeploying::deploy(const PackedTemplate& all) {
  for (const PackedLayer& layer : all.layers) {
    std::string arn = layer.version_arn;
    if (arn.empty()) {
      auto published = publish(around_, layer, progress_);
      if (!published) return stopped(published.error(), all, layer.layer.name);
      arn = published.value();
    }
    layer_arns_[layer.layer.id] = arn;
    tell_layer(layer, layer.version_arn.empty() ? "published" : "unchanged");
    done_.push_back(layer.layer.name);
  }
  for (const PackedFunction& function : all.functions) {
    const auto deployed = deploy_function(function);
    if (!deployed) return stopped(deployed.error(), all, function.function.name);
    done_.push_back(function.function.name);
  }
  return ok();
}

Result<void> TemplateDeploying::deploy_function(const PackedFunction& packed) {
  const FunctionWish wish = wish_of(packed.function, layer_arns_);
  TRY(const auto there, find_function(around_, wish.name));
  const json::value* const answer = there ? &*there : nullptr;
  const Plan plan = make_plan(wish, answer, packed.package.digest);
  TRY(auto deployed, carry_out(around_, wish, plan, answer, packed.package, progress_));
  TRY(const auto beside, set_beside(around_, packed.function, answer));
  TRY(const auto schedules, set_schedules(around_, packed.function));
  TRY(const auto url, set_url(around_, packed.function));
  bool is_more = false;
  for (const auto* const more : {&beside, &schedules, &url}) {
    deployed.changes.insert(deployed.changes.end(), more->begin(), more->end());
    is_more = is_more || !more->empty();
  }
  is_more = is_more && deployed.action == "unchanged";
  tell_function(wish.name, is_more ? "updated" : deployed.action, deployed.changes,
                text_in(deployed.function, "FunctionArn"));
  return ok();
}

/// What deploy() would do, as far as it can be told.
Result<void> TemplateDeploying::compare(const PackedTemplate& all) {
  for (const PackedLayer& layer : all.layers) {
    if (!layer.version_arn.empty()) layer_arns_[layer.layer.id] = layer.version_arn;
    tell_layer(layer, layer.version_arn.empty() ? "would be published" : "unchanged");
  }
  for (const PackedFunction& function : all.functions) {
    const FunctionWish wish = wish_of(function.function, layer_arns_);
    TRY(const auto there, find_function(around_, wish.name));
    const Plan plan = make_plan(wish, there ? &*there : nullptr, function.package.digest);
    tell_function(wish.name,
                  plan.is_new       ? "would be created"
                  : plan.is_empty() ? "unchanged"
                                    : "would be updated",
                  plan.is_new ? std::vector<std::string>() : plan.changes, "");
  }
  return ok();
}

void TemplateDeploying::tell_layer(const PackedLayer& layer, const std::string& action) {
  const auto arn = layer_arns_.find(layer.layer.id);
  json::object entry;
  entry["name"] = layer.layer.name;
  entry["action"] = action;
  if (arn != layer_arns_.end()) entry["arn"] = arn->second;
  layers_.push_back(std::move(entry));
  lines_.push_back("layer " + layer.layer.name + " " + action +
                   (arn == layer_arns_.end() ? "" : "  " + arn->second));
}

void TemplateDeploying::tell_function(const std::string& name, const std::string& action,
                                      const std::vector<std::string>& changes, std::string arn) {
  json::array words;
  for (const std::string& change : changes) words.emplace_back(change);
  json::object entry;
  entry["name"] = name;
  entry["action"] = action;
  entry["changes"] = std::move(words);
  if (!arn.empty()) entry["arn"] = arn;
  functions_.push_back(std::move(entry));
  lines_.push_back("function " + name + " " + action +
                   (changes.empty() ? "" : ": " + joined(changes)) +
                   (arn.empty() ? "" : "  " + arn));
}

Error TemplateDeploying::stopped(const Error& error, const PackedTemplate& all,
                                 const std::string& at) const {
  std::vector<std::string> names;
  for (const PackedLayer& layer : all.layers) names.push_back(layer.layer.name);
  for (const PackedFunction& function : all.functions) names.push_back(function.function.name);
  const std::vector<std::string> left(
      names.begin() + static_cast<std::ptrdiff_t>(std::min(done_.size(), names.size())),
      names.end());
  return Error(error.code(), at + ": " + error.message() +
                                 "\nDeployed: " + (done_.empty() ? "nothing" : joined(done_)) +
                                 ". Not deployed: " + joined(left) +
                                 ". The same command goes on there.");
}

std::string TemplateDeploying::text() const {
  if (words_.is_json) {
    json::object out;
    out["layers"] = layers_;
    out["functions"] = functions_;
    return pretty(out);
  }
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

}  // namespace

Result<std::string> deploy_template(const Surroundings& around, const TemplateWords& words) {
  return TemplateDeploying(around, words).run();
}

}  // namespace proa::cli
