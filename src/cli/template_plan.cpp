#include "cli/template_plan.h"

#include "cli/answer.h"
#include "cli/lambda_api.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace proa::cli {
namespace {

namespace json = boost::json;
using templates::TemplateFunction;
using templates::TemplateLayer;

constexpr const char* kLayers = "2018-10-31";
constexpr std::chrono::minutes kTemplatePatience{10};

std::string layer_path(const std::string& name) {
  return "/" + std::string(kLayers) + "/layers/" + http::percent_encode(name) + "/versions";
}

std::string replaced(std::string text, const std::map<std::string, std::string>& layer_arns) {
  for (const auto& [id, arn] : layer_arns) {
    const std::string placeholder = templates::layer_placeholder(id);
    for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos;) {
      text.replace(at, placeholder.size(), arn);
      at += arn.size();
    }
  }
  return text;
}

json::array array_of(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

Result<packaging::Package> packed(const packaging::Contents& contents, const std::string& name,
                                  ProgressLine& progress) {
  progress.begin("packing " + name, contents.bytes);
  auto package = packaging::pack(contents, {},
                                 [&](std::uint64_t done, std::uint64_t) { progress.show(done); });
  progress.clear();
  return package;
}

Result<packaging::Contents> contents_of(const TemplateFunction& function,
                                        const std::filesystem::path& folder) {
  if (function.inline_code) {
    const bool is_node = function.runtime.starts_with("nodejs");
    return packaging::contents_of_text(is_node ? "index.js" : "index.py", *function.inline_code);
  }
  std::string rules;
  for (const std::string& rule : function.ignored) rules += rule + "\n";
  return packaging::read_contents(folder / function.path, {}, rules);
}

/// The newest version of the layer, where its content is that of the package; else "".
Result<std::string> same_version(const Surroundings& around, const TemplateLayer& layer,
                                 const packaging::Package& package) {
  TRY(const auto list, ask(around, "GET", layer_path(layer.name) + "?MaxItems=1"));
  TRY(const auto versions, array_in(list, "LayerVersions"));
  if (versions.empty()) return std::string();
  const auto number = number_in(versions.front(), "Version").value_or(0);
  TRY(const auto version,
      ask(around, "GET", layer_path(layer.name) + "/" + std::to_string(number)));
  const auto* const content = object_in(version, "Content");
  const bool is_same =
      content != nullptr && text_in(*content, "CodeSha256") == to_base64(as_chars(package.digest));
  return is_same ? text_in(version, "LayerVersionArn") : std::string();
}

Result<void> check_names(const templates::Template& read) {
  std::set<std::string> names;
  for (const TemplateFunction& function : read.functions) {
    if (names.insert(function.name).second) continue;
    return Error(Errc::invalid, "line " + std::to_string(function.line) +
                                    ": a second function with the name " + function.name);
  }
  return ok();
}

/// The members of PutFunctionEventInvokeConfig.
json::object event_config_of(const templates::TemplateEventConfig& events) {
  json::object body;
  if (events.retries_max) body["MaximumRetryAttempts"] = *events.retries_max;
  if (events.age_max_s) body["MaximumEventAgeInSeconds"] = *events.age_max_s;
  json::object destinations;
  const auto add = [&](const char* name, const std::optional<std::string>& arn) {
    if (!arn) return;
    json::object destination;
    destination["Destination"] = *arn;
    destinations[name] = std::move(destination);
  };
  add("OnSuccess", events.on_success);
  add("OnFailure", events.on_failure);
  if (!destinations.empty()) body["DestinationConfig"] = std::move(destinations);
  return body;
}

}  // namespace

Result<PackedTemplate> pack_template(const Surroundings& around, templates::Template read,
                                     const std::filesystem::path& folder, ProgressLine& progress) {
  TRY(check_names(read));
  PackedTemplate all;
  for (TemplateLayer& layer : read.layers) {
    TRY(const auto contents, packaging::read_contents(folder / layer.path, {}));
    TRY(auto package, packed(contents, layer.name, progress));
    TRY(auto arn, same_version(around, layer, package));
    all.layers.push_back({std::move(layer), std::move(package), std::move(arn)});
  }
  for (TemplateFunction& function : read.functions) {
    TRY(check_wish(wish_of(function, {})));
    TRY(const auto contents, contents_of(function, folder));
    TRY(auto package, packed(contents, function.name, progress));
    all.functions.push_back({std::move(function), std::move(package)});
  }
  return all;
}

FunctionWish wish_of(const TemplateFunction& function,
                     const std::map<std::string, std::string>& layer_arns) {
  FunctionWish wish;
  wish.name = function.name;
  wish.runtime = function.runtime;
  wish.handler = function.handler;
  wish.role = function.role;
  wish.description = function.description.value_or("");
  wish.architecture = function.architecture;
  // A template says all of it: what it does not name is Lambda's default.
  wish.memory_mib = function.memory_mib.value_or(128);
  wish.timeout_s = function.timeout_s.value_or(3);
  wish.tmp_mib = function.tmp_mib.value_or(512);
  wish.layers.emplace();
  for (const std::string& layer : function.layers) {
    wish.layers->push_back(replaced(layer, layer_arns));
  }
  for (const auto& [name, value] : function.environment) {
    wish.environment[name] = replaced(value, layer_arns);
  }
  wish.replaces_environment = true;
  wish.tags = function.tags;
  if (function.logging) {
    const auto add = [&](const char* name, const std::optional<std::string>& value) {
      if (value) wish.logging[name] = *value;
    };
    add("LogFormat", function.logging->format);
    add("ApplicationLogLevel", function.logging->application_level);
    add("SystemLogLevel", function.logging->system_level);
    add("LogGroup", function.logging->group);
  }
  return wish;
}

Result<std::string> publish(const Surroundings& around, const PackedLayer& packed_layer,
                            ProgressLine& progress) {
  const TemplateLayer& layer = packed_layer.layer;
  TRY(const auto id, upload(around, packed_layer.package, progress));
  json::object content;
  content["ProaUpload"] = id;
  json::object body;
  body["Content"] = std::move(content);
  if (!layer.description.empty()) body["Description"] = layer.description;
  if (!layer.license.empty()) body["LicenseInfo"] = layer.license;
  if (!layer.runtimes.empty()) body["CompatibleRuntimes"] = array_of(layer.runtimes);
  if (!layer.architectures.empty()) body["CompatibleArchitectures"] = array_of(layer.architectures);
  Question question;
  question.method = "POST";
  question.target = layer_path(layer.name);
  question.body = json::serialize(body);
  question.headers.emplace_back("Content-Type", "application/json");
  question.patience = kTemplatePatience;
  progress.begin("unpacking at the daemon", 0);
  auto response = send(around, std::move(question));
  progress.clear();
  auto answer =
      response ? json_of(around, response.value()) : Result<json::value>(response.error());
  if (!answer) forget_upload(around, id);
  TRY(const auto version, std::move(answer));
  return text_in(version, "LayerVersionArn");
}

Result<std::vector<std::string>> set_beside(const Surroundings& around,
                                            const TemplateFunction& function,
                                            const json::value* there) {
  std::vector<std::string> changes;
  if (function.reserved_concurrency) {
    const auto* const concurrency = there == nullptr ? nullptr : object_in(*there, "Concurrency");
    const auto current = concurrency == nullptr
                             ? std::nullopt
                             : number_in(*concurrency, "ReservedConcurrentExecutions");
    if (current != function.reserved_concurrency) {
      json::object body;
      body["ReservedConcurrentExecutions"] = *function.reserved_concurrency;
      TRY(ask(around, "PUT", functions_path(function.name, "/concurrency", "2017-10-31"),
              json::serialize(body)));
      changes.emplace_back("reserved concurrency");
    }
  }
  if (!function.events) return changes;
  const json::object wanted = event_config_of(*function.events);
  const std::string target = functions_path(function.name, "/event-invoke-config", "2019-09-25");
  const auto current = ask(around, "GET", target);
  if (!current && current.error().code() != Errc::not_found) return current.error();
  const bool is_same = current && std::all_of(wanted.begin(), wanted.end(), [&](const auto& each) {
                         const auto* const member = find_in(current.value(), each.key());
                         return member != nullptr && *member == each.value();
                       });
  if (is_same) return changes;
  TRY(ask(around, "PUT", target, json::serialize(wanted)));
  changes.emplace_back("asynchronous calls");
  return changes;
}

}  // namespace proa::cli
