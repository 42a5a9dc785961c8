#include "templates/sam.h"

#include "templates/members.h"
#include "templates/resolver.h"
#include "templates/schedules.h"
#include "templates/urls.h"

#include <algorithm>

namespace proa::templates {
namespace {

constexpr auto kSections = std::to_array<KnownMember>({{"AWSTemplateFormatVersion"},
                                                       {"Transform"},
                                                       {"Description"},
                                                       {"Metadata", Use::noted},
                                                       {"Parameters"},
                                                       {"Mappings"},
                                                       {"Conditions"},
                                                       {"Globals"},
                                                       {"Resources"},
                                                       {"Outputs", Use::noted}});

constexpr auto kResource = std::to_array<KnownMember>({{"Type"},
                                                       {"Properties"},
                                                       {"Condition"},
                                                       {"DependsOn"},
                                                       {"Metadata", Use::noted},
                                                       {"DeletionPolicy", Use::noted},
                                                       {"UpdateReplacePolicy", Use::noted}});

constexpr auto kSamFunction = std::to_array<KnownMember>({{"FunctionName"},
                                                          {"CodeUri"},
                                                          {"Code"},
                                                          {"InlineCode"},
                                                          {"Handler"},
                                                          {"Runtime"},
                                                          {"PackageType"},
                                                          {"MemorySize"},
                                                          {"Timeout"},
                                                          {"Environment"},
                                                          {"Layers"},
                                                          {"Architectures"},
                                                          {"EphemeralStorage"},
                                                          {"Description"},
                                                          {"FunctionUrlConfig"},
                                                          {"Tags"},
                                                          {"ReservedConcurrentExecutions"},
                                                          {"EventInvokeConfig"},
                                                          {"Events"},
                                                          {"LoggingConfig"},
                                                          {"Role"},
                                                          {"Tracing"},
                                                          {"TracingConfig"},
                                                          {"Policies", Use::noted},
                                                          {"PermissionsBoundary", Use::noted},
                                                          {"AssumeRolePolicyDocument", Use::noted},
                                                          {"RolePath", Use::noted},
                                                          {"PropagateTags", Use::noted}});

constexpr auto kSamLayer = std::to_array<KnownMember>({{"LayerName"},
                                                       {"ContentUri"},
                                                       {"Content"},
                                                       {"Description"},
                                                       {"LicenseInfo"},
                                                       {"CompatibleRuntimes"},
                                                       {"CompatibleArchitectures"},
                                                       {"RetentionPolicy", Use::noted}});

constexpr auto kLogging = std::to_array<KnownMember>(
    {{"LogFormat"}, {"ApplicationLogLevel"}, {"SystemLogLevel"}, {"LogGroup"}});
constexpr auto kEvents = std::to_array<KnownMember>(
    {{"MaximumEventAgeInSeconds"}, {"MaximumRetryAttempts"}, {"DestinationConfig"}});

/// One template from its root to what it describes.
class SamReader {
 public:
  SamReader(const Node& root, const TemplateInput& input)
      : root_(root), resolver_(root, input, out_.problems) {}
  Result<Template> run();

 private:
  void check_transforms();
  Node with_globals(const Node& properties, std::string_view section) const;
  Result<void> read_resource(const std::string& id, const Node& resource);
  Result<void> read_function(const std::string& id, const Node& resource, const Node& properties);
  Result<void> read_code(TemplateFunction& function, const Node& properties);
  Result<void> read_numbers(TemplateFunction& function, const Node& properties);
  Result<void> read_settings(TemplateFunction& function, const Node& properties);
  Result<void> read_tags(TemplateFunction& function, const Node& properties);
  Result<void> read_events(TemplateFunction& function, const Node& config);
  Result<void> read_layer(const std::string& id, const Node& resource, const Node& properties);
  Result<std::optional<std::string>> destination(const Node& config, std::string_view name,
                                                 const std::string& where);
  Result<std::string> local_path(const Node& properties, std::string_view name,
                                 const std::string& where);
  void cannot(std::size_t line, std::string text) {
    out_.problems.push_back(Problem{line, std::move(text)});
  }

  const Node& root_;
  Template out_;
  Resolver resolver_;
};

Result<Template> SamReader::run() {
  const Node* const resources = root_.find("Resources");
  if (resources == nullptr || !resources->is_map()) {
    return error_at(root_, "Resources must be a map");
  }
  sort_members(root_, kSections, "the template", out_);
  check_transforms();
  TRY(resolver_.start());
  for (const auto& [id, resource] : resources->members) {
    TRY(read_resource(id, resource));
  }
  return std::move(out_);
}

void SamReader::check_transforms() {
  const Node* const transform = root_.find("Transform");
  if (transform == nullptr) return;
  const auto check = [&](const Node& each) {
    if (each.text == "AWS::Serverless-2016-10-31") return;
    cannot(each.line, "the transform " + each.text.substr(0, 100));
  };
  if (!transform->is_list()) return check(*transform);
  for (const Node& each : transform->items) check(each);
}

Node SamReader::with_globals(const Node& properties, std::string_view section) const {
  const Node* const globals = root_.find("Globals");
  const Node* const theirs = globals == nullptr ? nullptr : globals->find(section);
  return theirs == nullptr ? properties : merged(*theirs, properties);
}

Result<void> SamReader::read_resource(const std::string& id, const Node& resource) {
  const Node* const type = resource.find("Type");
  if (type == nullptr || !type->is_scalar()) {
    return error_at(resource, "the resource " + id.substr(0, 100) + " has no Type");
  }
  if (const Node* const condition = resource.find("Condition")) {
    TRY(const bool is_wanted, resolver_.holds(*condition));
    if (!is_wanted) return ok();
  }
  const bool is_serverless = type->text.starts_with("AWS::Serverless::");
  const bool is_function = is_function_type(type->text);
  if (!is_function && !is_layer_type(type->text)) {
    Problem problem{type->line, id + ": the resource type " + type->text.substr(0, 100)};
    (is_role_type(type->text) ? out_.notes : out_.problems).push_back(std::move(problem));
    return ok();
  }
  sort_members(resource, kResource, id, out_);
  Node properties;
  properties.kind = Node::Kind::map;
  properties.line = resource.line;
  if (const Node* const given = resource.find("Properties")) properties = *given;
  if (!properties.is_map()) return error_at(properties, "Properties must be a map");
  if (is_serverless)
    properties = with_globals(properties, is_function ? "Function" : "LayerVersion");
  // First by name, so that what is refused anyway need not be understood.
  Node known = properties;
  const auto members = is_function ? std::span<const KnownMember>(kSamFunction)
                                   : std::span<const KnownMember>(kSamLayer);
  sort_members(properties, members, id, out_);
  std::erase_if(known.members, [&](const auto& member) {
    return std::none_of(members.begin(), members.end(), [&](const KnownMember& each) {
      return each.name == member.name && each.use == Use::taken;
    });
  });
  if (is_function) drop_other_events(id, known, out_);
  TRY(const auto resolved, resolver_.resolve(known));
  if (!resolved) return ok();
  return is_function ? read_function(id, resource, *resolved) : read_layer(id, resource, *resolved);
}

Result<void> SamReader::read_function(const std::string& id, const Node& resource,
                                      const Node& properties) {
  TRY(const auto package, text_at(properties, "PackageType"));
  if (package && *package != "Zip") {
    cannot(resource.line, id + ": PackageType " + package->substr(0, 100));
    return ok();
  }
  TemplateFunction function;
  function.id = id;
  function.line = resource.line;
  TRY(const auto name, text_at(properties, "FunctionName"));
  function.name = name.value_or(id);
  TRY(const auto runtime, text_at(properties, "Runtime"));
  if (!runtime) return error_at(resource, id + " has no Runtime");
  function.runtime = *runtime;
  TRY(const auto handler, text_at(properties, "Handler"));
  if (!handler) return error_at(resource, id + " has no Handler");
  function.handler = *handler;
  TRY(read_code(function, properties));
  if (const Node* const url = properties.find("FunctionUrlConfig")) {
    TRY(read_sam_url(function, *url, out_));
  }
  TRY(read_numbers(function, properties));
  TRY(read_settings(function, properties));
  TRY(read_tags(function, properties));
  if (const Node* const events = properties.find("Events")) {
    TRY(read_sam_schedules(function, *events, out_));
  }
  out_.functions.push_back(std::move(function));
  return ok();
}

Result<std::string> SamReader::local_path(const Node& properties, std::string_view name,
                                          const std::string& where) {
  const Node* const member = properties.find(name);
  if (member == nullptr || member->is_null()) return std::string(".");
  if (member->is_map() || member->text.starts_with("s3://")) {
    cannot(member->line, where + ": " + std::string(name) + " in S3");
    return std::string(".");
  }
  if (!member->is_scalar()) return error_at(*member, std::string(name) + " must be a path");
  return member->text;
}

Result<void> SamReader::read_code(TemplateFunction& function, const Node& properties) {
  TRY(function.inline_code, text_at(properties, "InlineCode"));
  const Node* const code = properties.find("Code");
  if (code != nullptr && code->is_map() && code->find("ZipFile") != nullptr) {
    TRY(function.inline_code, text_at(*code, "ZipFile"));
  }
  if (function.inline_code) return ok();
  const bool is_lambda = code != nullptr;
  TRY(function.path, local_path(properties, is_lambda ? "Code" : "CodeUri", function.id));
  return ok();
}

Result<void> SamReader::read_numbers(TemplateFunction& function, const Node& properties) {
  TRY(function.memory_mib, integer_at(properties, "MemorySize"));
  TRY(function.timeout_s, integer_at(properties, "Timeout"));
  TRY(function.reserved_concurrency, integer_at(properties, "ReservedConcurrentExecutions"));
  if (const Node* const storage = properties.find("EphemeralStorage")) {
    TRY(function.tmp_mib, integer_at(*storage, "Size"));
  }
  return ok();
}

Result<void> SamReader::read_settings(TemplateFunction& function, const Node& properties) {
  TRY(function.role, text_at(properties, "Role"));
  TRY(function.description, text_at(properties, "Description"));
  TRY(function.layers, texts_at(properties, "Layers"));
  TRY(const auto architectures, texts_at(properties, "Architectures"));
  if (!architectures.empty()) function.architecture = architectures.front();
  if (const Node* const environment = properties.find("Environment")) {
    TRY(function.environment, map_at(*environment, "Variables"));
  }
  if (const Node* const logging = properties.find("LoggingConfig")) {
    sort_members(*logging, kLogging, function.id + ": LoggingConfig", out_);
    TemplateLogging wanted;
    TRY(wanted.format, text_at(*logging, "LogFormat"));
    TRY(wanted.application_level, text_at(*logging, "ApplicationLogLevel"));
    TRY(wanted.system_level, text_at(*logging, "SystemLogLevel"));
    TRY(wanted.group, text_at(*logging, "LogGroup"));
    function.logging = std::move(wanted);
  }
  if (const Node* const events = properties.find("EventInvokeConfig")) {
    TRY(read_events(function, *events));
  }
  for (const auto* const tracing : {properties.find("Tracing"), properties.find("TracingConfig")}) {
    if (tracing == nullptr) continue;
    const Node* const mode = tracing->is_map() ? tracing->find("Mode") : tracing;
    if (mode == nullptr || mode->text != "Active") continue;
    cannot(tracing->line, function.id + ": Tracing Active (X-Ray)");
  }
  return ok();
}

/// A map in SAM, a list of Key and Value in CloudFormation.
Result<void> SamReader::read_tags(TemplateFunction& function, const Node& properties) {
  const Node* const tags = properties.find("Tags");
  if (tags == nullptr || !tags->is_list()) {
    TRY(function.tags, map_at(properties, "Tags"));
    return ok();
  }
  for (const Node& tag : tags->items) {
    TRY(const auto key, text_at(tag, "Key"));
    TRY(const auto value, text_at(tag, "Value"));
    if (!key) return error_at(tag, "a tag has no Key");
    function.tags[*key] = value.value_or("");
  }
  return ok();
}

Result<void> SamReader::read_events(TemplateFunction& function, const Node& config) {
  const std::string where = function.id + ": EventInvokeConfig";
  sort_members(config, kEvents, where, out_);
  TemplateEventConfig wanted;
  TRY(wanted.retries_max, integer_at(config, "MaximumRetryAttempts"));
  TRY(wanted.age_max_s, integer_at(config, "MaximumEventAgeInSeconds"));
  if (const Node* const destinations = config.find("DestinationConfig")) {
    TRY(wanted.on_success, destination(*destinations, "OnSuccess", where));
    TRY(wanted.on_failure, destination(*destinations, "OnFailure", where));
  }
  function.events = std::move(wanted);
  return ok();
}

Result<std::optional<std::string>> SamReader::destination(const Node& config, std::string_view name,
                                                          const std::string& where) {
  const Node* const given = config.find(name);
  if (given == nullptr || given->is_null()) return std::optional<std::string>();
  TRY(const auto type, text_at(*given, "Type"));
  TRY(const auto arn, text_at(*given, "Destination"));
  if (type.value_or("Lambda") == "Lambda" && arn) return arn;
  cannot(given->line, where + ": the destination " + std::string(name) + " of type " +
                          type.value_or("unknown").substr(0, 100));
  return std::optional<std::string>();
}

Result<void> SamReader::read_layer(const std::string& id, const Node& resource,
                                   const Node& properties) {
  TemplateLayer layer;
  layer.id = id;
  layer.line = resource.line;
  TRY(const auto name, text_at(properties, "LayerName"));
  layer.name = name.value_or(id);
  const bool is_lambda = properties.find("Content") != nullptr;
  TRY(layer.path, local_path(properties, is_lambda ? "Content" : "ContentUri", id));
  TRY(const auto description, text_at(properties, "Description"));
  layer.description = description.value_or("");
  TRY(const auto license, text_at(properties, "LicenseInfo"));
  layer.license = license.value_or("");
  TRY(layer.runtimes, texts_at(properties, "CompatibleRuntimes"));
  TRY(layer.architectures, texts_at(properties, "CompatibleArchitectures"));
  out_.layers.push_back(std::move(layer));
  return ok();
}

}  // namespace

Result<Template> read_sam(const Node& root, const TemplateInput& input) {
  return SamReader(root, input).run();
}

}  // namespace proa::templates
