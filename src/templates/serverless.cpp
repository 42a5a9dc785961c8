#include "templates/serverless.h"

#include "templates/members.h"
#include "templates/schedules.h"
#include "templates/urls.h"
#include "templates/variables.h"

namespace proa::templates {
namespace {

constexpr auto kFile = std::to_array<KnownMember>({{"service"},
                                                   {"provider"},
                                                   {"functions"},
                                                   {"layers"},
                                                   {"package"},
                                                   {"custom"},
                                                   {"frameworkVersion", Use::noted},
                                                   {"configValidationMode", Use::noted},
                                                   {"useDotenv"},
                                                   {"org", Use::noted},
                                                   {"app", Use::noted}});

constexpr auto kProvider = std::to_array<KnownMember>({{"name"},
                                                       {"runtime"},
                                                       {"memorySize"},
                                                       {"timeout"},
                                                       {"environment"},
                                                       {"stage"},
                                                       {"tags"},
                                                       {"layers"},
                                                       {"architecture"},
                                                       {"region", Use::noted},
                                                       {"profile", Use::noted},
                                                       {"stackName", Use::noted},
                                                       {"stackTags", Use::noted},
                                                       {"deploymentBucket", Use::noted},
                                                       {"deploymentMethod", Use::noted},
                                                       {"iam", Use::noted},
                                                       {"iamRoleStatements", Use::noted},
                                                       {"role", Use::noted},
                                                       {"logRetentionInDays", Use::noted},
                                                       {"versionFunctions", Use::noted},
                                                       {"lambdaHashingVersion", Use::noted}});

constexpr auto kServerlessFunction = std::to_array<KnownMember>({{"handler"},
                                                                 {"name"},
                                                                 {"runtime"},
                                                                 {"memorySize"},
                                                                 {"timeout"},
                                                                 {"environment"},
                                                                 {"layers"},
                                                                 {"tags"},
                                                                 {"description"},
                                                                 {"architecture"},
                                                                 {"ephemeralStorageSize"},
                                                                 {"reservedConcurrency"},
                                                                 {"maximumEventAge"},
                                                                 {"maximumRetryAttempts"},
                                                                 {"events"},
                                                                 {"package"},
                                                                 {"url"},
                                                                 {"role", Use::noted},
                                                                 {"iamRoleStatements", Use::noted},
                                                                 {"logRetentionInDays", Use::noted},
                                                                 {"versionFunction", Use::noted}});

constexpr auto kServerlessLayer = std::to_array<KnownMember>({{"path"},
                                                              {"name"},
                                                              {"description"},
                                                              {"licenseInfo"},
                                                              {"compatibleRuntimes"},
                                                              {"compatibleArchitectures"},
                                                              {"retain", Use::noted}});

constexpr auto kPackage = std::to_array<KnownMember>({{"patterns"},
                                                      {"exclude"},
                                                      {"include"},
                                                      {"artifact"},
                                                      {"individually", Use::noted},
                                                      {"excludeDevDependencies", Use::noted}});

constexpr std::int64_t kMemory = 1024;
constexpr std::int64_t kTimeout = 6;

/// "my-libs" is the resource "MyDashlibsLambdaLayer".
std::string layer_resource(std::string_view id) {
  std::string name;
  for (const char c : id) {
    if (c == '-') {
      name += "Dash";
    } else if (c == '_') {
      name += "Underscore";
    } else {
      name += c;
    }
  }
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 32);
  return name + "LambdaLayer";
}

/// One file from its root to what it describes.
class ServerlessReader {
 public:
  ServerlessReader(const Node& root, const TemplateInput& input)
      : root_(root), variables_(root, input, out_.problems) {}
  Result<Template> run();

 private:
  Result<void> read_provider();
  Result<Node> section(std::string_view name);
  Result<void> read_function(const std::string& id, const Node& given);
  Result<void> read_numbers(TemplateFunction& function, const Node& given);
  Result<void> read_maps(TemplateFunction& function, const Node& given);
  Result<void> read_events(TemplateFunction& function, const Node& given);
  Result<void> read_layers(TemplateFunction& function, const Node& given);
  Result<void> read_package(TemplateFunction& function, const Node& given);
  Result<void> add_rules(TemplateFunction& function, const Node& package);
  Result<void> read_layer(const std::string& id, const Node& given);
  /// The function's own, else the provider's.
  Result<std::optional<std::string>> text_of(const Node& given, std::string_view name);
  Result<std::optional<std::int64_t>> integer_of(const Node& given, std::string_view name);

  const Node& root_;
  Template out_;
  Variables variables_;
  Node provider_;
  Node package_;
  Node layers_;
  std::string begin_;  ///< "SERVICE-STAGE-"
};

Result<Node> ServerlessReader::section(std::string_view name) {
  Node empty;
  empty.kind = Node::Kind::map;
  empty.line = root_.line;
  const Node* const given = root_.find(name);
  if (given == nullptr || given->is_null()) return empty;
  TRY(auto resolved, variables_.resolve(*given));
  if (!resolved) return empty;
  if (!resolved->is_map()) return error_at(*given, std::string(name) + " must be a map");
  return std::move(*resolved);
}

Result<Template> ServerlessReader::run() {
  sort_members(root_, kFile, "the file", out_);
  TRY(read_provider());
  TRY(package_, section("package"));
  sort_members(package_, kPackage, "package", out_);
  TRY(layers_, section("layers"));
  for (const auto& [id, layer] : layers_.members) {
    TRY(read_layer(id, layer));
  }
  TRY(const auto functions, section("functions"));
  for (const auto& [id, function] : functions.members) {
    TRY(read_function(id, function));
  }
  return std::move(out_);
}

Result<void> ServerlessReader::read_provider() {
  TRY(provider_, section("provider"));
  sort_members(provider_, kProvider, "provider", out_);
  TRY(const auto name, text_at(provider_, "name"));
  if (name.value_or("aws") != "aws") {
    out_.problems.push_back(Problem{provider_.line, "the provider " + name->substr(0, 100)});
  }
  const Node* const service = root_.find("service");
  Node given = service == nullptr ? make_scalar("", root_.line) : *service;
  if (given.is_map()) {  // the old form
    const Node* const inner = given.find("name");
    given = inner == nullptr ? make_scalar("", given.line) : *inner;
  }
  TRY(const auto resolved, variables_.resolve(given));
  TRY(const auto stage, variables_.stage());
  const std::string begin = resolved ? resolved->text : "";
  begin_ = begin.empty() ? "" : begin + "-" + stage + "-";
  return ok();
}

Result<std::optional<std::string>> ServerlessReader::text_of(const Node& given,
                                                             std::string_view name) {
  TRY(auto own, text_at(given, name));
  if (own) return own;
  return text_at(provider_, name);
}

Result<std::optional<std::int64_t>> ServerlessReader::integer_of(const Node& given,
                                                                 std::string_view name) {
  TRY(auto own, integer_at(given, name));
  if (own) return own;
  return integer_at(provider_, name);
}

Result<void> ServerlessReader::read_function(const std::string& id, const Node& given) {
  if (!given.is_map())
    return error_at(given, "the function " + id.substr(0, 100) + " must be a map");
  sort_members(given, kServerlessFunction, id, out_);
  TemplateFunction function;
  function.id = id;
  function.line = given.line;
  TRY(const auto name, text_at(given, "name"));
  function.name = name.value_or(begin_ + id);
  TRY(const auto handler, text_at(given, "handler"));
  if (!handler) {
    // An image, whose member is among the problems.
    if (given.find("image") != nullptr) return ok();
    return error_at(given, id + " has no handler");
  }
  function.handler = *handler;
  TRY(const auto runtime, text_of(given, "runtime"));
  if (!runtime) return error_at(given, id + " has no runtime, and provider has none");
  function.runtime = *runtime;
  TRY(function.description, text_at(given, "description"));
  TRY(function.architecture, text_of(given, "architecture"));
  TRY(read_numbers(function, given));
  TRY(read_maps(function, given));
  TRY(read_events(function, given));
  TRY(read_layers(function, given));
  TRY(read_package(function, given));
  out_.functions.push_back(std::move(function));
  return ok();
}

Result<void> ServerlessReader::read_numbers(TemplateFunction& function, const Node& given) {
  TRY(const auto memory, integer_of(given, "memorySize"));
  function.memory_mib = memory.value_or(kMemory);
  TRY(const auto timeout, integer_of(given, "timeout"));
  function.timeout_s = timeout.value_or(kTimeout);
  if (const Node* const url = given.find("url")) {
    TRY(read_serverless_url(function, *url, out_));
  }
  TRY(function.tmp_mib, integer_at(given, "ephemeralStorageSize"));
  TRY(function.reserved_concurrency, integer_at(given, "reservedConcurrency"));
  return ok();
}

Result<void> ServerlessReader::read_maps(TemplateFunction& function, const Node& given) {
  for (const Node* const from : std::initializer_list<const Node*>{&provider_, &given}) {
    TRY(auto variables, map_at(*from, "environment"));
    for (auto& [name, value] : variables) function.environment[name] = std::move(value);
    TRY(auto tags, map_at(*from, "tags"));
    for (auto& [key, value] : tags) function.tags[key] = std::move(value);
  }
  return ok();
}

Result<void> ServerlessReader::read_events(TemplateFunction& function, const Node& given) {
  TemplateEventConfig events;
  TRY(events.age_max_s, integer_at(given, "maximumEventAge"));
  TRY(events.retries_max, integer_at(given, "maximumRetryAttempts"));
  if (events.age_max_s || events.retries_max) function.events = std::move(events);
  if (const Node* const by_clock = given.find("events")) {
    TRY(read_serverless_schedules(function, *by_clock, out_));
  }
  return ok();
}

Result<void> ServerlessReader::read_layers(TemplateFunction& function, const Node& given) {
  const Node* list = given.find("layers");
  if (list == nullptr) list = provider_.find("layers");
  if (list == nullptr || list->is_null()) return ok();
  if (!list->is_list()) return error_at(*list, "layers must be a list");
  for (const Node& item : list->items) {
    if (item.is_scalar()) {
      function.layers.push_back(item.text);
      continue;
    }
    const Node* const reference = item.find("Ref");
    std::string id;
    for (const auto& [name, layer] : layers_.members) {
      if (reference != nullptr && reference->text == layer_resource(name)) id = name;
    }
    if (id.empty()) {
      out_.problems.push_back(
          Problem{item.line, function.id + ": a layer that is not in the file"});
    } else {
      function.layers.push_back(layer_placeholder(id));
    }
  }
  return ok();
}

Result<void> ServerlessReader::read_package(TemplateFunction& function, const Node& given) {
  function.path = ".";
  function.ignored = {"/serverless.yml", "/serverless.yaml", "/.serverless_plugins", "/.env*"};
  TRY(add_rules(function, package_));
  const Node* const own = given.find("package");
  if (own == nullptr || own->is_null()) return ok();
  sort_members(*own, kPackage, function.id + ": package", out_);
  return add_rules(function, *own);
}

/// Patterns are those of what comes along; "!" takes away.
Result<void> ServerlessReader::add_rules(TemplateFunction& function, const Node& package) {
  TRY(const auto artifact, text_at(package, "artifact"));
  if (artifact) function.path = *artifact;
  TRY(auto patterns, texts_at(package, "exclude"));
  for (std::string& pattern : patterns) pattern = "!" + pattern;
  TRY(const auto included, texts_at(package, "include"));
  patterns.insert(patterns.end(), included.begin(), included.end());
  TRY(const auto more, texts_at(package, "patterns"));
  patterns.insert(patterns.end(), more.begin(), more.end());
  for (const std::string& pattern : patterns) {
    const bool is_out = pattern.starts_with("!");
    std::string path = pattern.substr(is_out ? 1 : 0);
    if (path.starts_with("./")) path.erase(0, 2);
    if (!path.starts_with("/")) path.insert(0, "/");
    function.ignored.push_back((is_out ? "" : "!") + path);
  }
  return ok();
}

Result<void> ServerlessReader::read_layer(const std::string& id, const Node& given) {
  if (!given.is_map()) return error_at(given, "the layer " + id.substr(0, 100) + " must be a map");
  sort_members(given, kServerlessLayer, id, out_);
  TemplateLayer layer;
  layer.id = id;
  layer.line = given.line;
  TRY(const auto name, text_at(given, "name"));
  layer.name = name.value_or(begin_ + id);
  TRY(const auto path, text_at(given, "path"));
  if (!path) return error_at(given, "the layer " + id + " has no path");
  layer.path = *path;
  TRY(const auto description, text_at(given, "description"));
  layer.description = description.value_or("");
  TRY(const auto license, text_at(given, "licenseInfo"));
  layer.license = license.value_or("");
  TRY(layer.runtimes, texts_at(given, "compatibleRuntimes"));
  TRY(layer.architectures, texts_at(given, "compatibleArchitectures"));
  out_.layers.push_back(std::move(layer));
  return ok();
}

}  // namespace

Result<Template> read_serverless(const Node& root, const TemplateInput& input) {
  return ServerlessReader(root, input).run();
}

}  // namespace proa::templates
