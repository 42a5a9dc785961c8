#include "catalog/records.h"

#include "base/encoding.h"
#include "catalog/access_records.h"
#include "catalog/image_records.h"
#include "catalog/json_fields.h"
#include "model/account_id.h"

#include <boost/json.hpp>

#include <algorithm>
#include <limits>

namespace proa::catalog {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kFunctionFormat = 6;
constexpr std::uint64_t kEventConfigsFormat = 2;  ///< the first one that has them
constexpr std::uint64_t kLoggingFormat = 3;       ///< the same
constexpr std::uint64_t kVersionsFormat = 4;      ///< next_version and aliases, the same
constexpr std::uint64_t kAccessFormat = 5;        ///< urls and policies, the same
constexpr std::uint64_t kImageFormat = 6;         ///< image, the same
constexpr std::uint64_t kVersionFormat = 2;       ///< of image, too
constexpr std::uint64_t kLayerFormat = 1;
constexpr std::size_t kFunctionNameMax = 64;
constexpr std::size_t kLayerNameMax = 140;
constexpr std::uint64_t kAnyMax = kVersionNumberMax;

json::object to_json(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [key, value] : texts) object.emplace(key, value);
  return object;
}

json::object to_json(const model::LoggingConfig& logging) {
  return json::object{
      {"format", to_string(logging.format)},
      {"application_level", to_string(logging.application_level)},
      {"system_level", to_string(logging.system_level)},
      {"group", logging.group},
  };
}

json::object to_json(const model::FunctionVersion& version) {
  json::array layers;
  for (const auto& layer : version.layers) {
    layers.push_back(json::object{
        {"arn", layer.arn}, {"tree_id", layer.tree_id}, {"code_size", layer.code_size}});
  }
  json::object object{
      {"account_id", version.account_id},
      {"region", version.region},
      {"name", version.name},
      {"version", version.version},
      {"revision_id", version.revision_id},
      {"runtime", version.runtime},
      {"handler", version.handler},
      {"role", version.role},
      {"description", version.description},
      {"memory_mib", version.memory_mib},
      {"timeout_s", version.timeout.count()},
      {"ephemeral_storage_mib", version.ephemeral_storage_mib},
      {"architecture", version.architecture},
      {"environment", to_json(version.environment)},
      {"has_environment", version.has_environment},
      {"code_sha256", version.code_sha256_base64},
      {"code_size", version.code_size},
      {"tree_id", version.tree_id},
      {"layers", std::move(layers)},
      {"logging", to_json(version.logging)},
      {"last_modified_ms", epoch_ms(version.last_modified)},
  };
  if (version.image) object.emplace("image", image_to_json(*version.image));
  return object;
}

json::object to_json(const EventConfigs& configs) {
  json::object object;
  for (const auto& [qualifier, config] : configs) {
    json::object entry;
    if (config.retries_max) entry.emplace("retries_max", *config.retries_max);
    if (config.age_max) entry.emplace("age_max_s", config.age_max->count());
    entry.emplace("on_success", config.on_success);
    entry.emplace("on_failure", config.on_failure);
    entry.emplace("last_modified_ms", epoch_ms(config.last_modified));
    object.emplace(qualifier, std::move(entry));
  }
  return object;
}

json::array to_json(const std::map<std::string, Alias>& aliases) {
  json::array array;
  for (const auto& [name, alias] : aliases) {
    json::object entry{{"name", name},
                       {"version", alias.version},
                       {"description", alias.description},
                       {"revision_id", alias.revision_id}};
    if (alias.other) {
      entry.emplace("other_version", alias.other->version);
      entry.emplace("other_weight", alias.other->weight);
    }
    array.push_back(std::move(entry));
  }
  return array;
}

json::object to_json(const LayerVersion& layer) {
  return json::object{
      {"version", layer.version},
      {"description", layer.description},
      {"license_info", layer.license_info},
      {"compatible_runtimes", json_list(layer.compatible_runtimes)},
      {"compatible_architectures", json_list(layer.compatible_architectures)},
      {"code_sha256", layer.code_sha256_base64},
      {"code_size", layer.code_size},
      {"unpacked_bytes", layer.unpacked_bytes},
      {"tree_id", layer.tree_id},
      {"created_ms", epoch_ms(layer.created)},
  };
}

/// "tree_id", which must be what "code_sha256" says.
std::string read_tree_id(JsonFields& fields, const std::string& code_sha256_base64) {
  std::string tree_id = fields.text("tree_id");
  if (tree_id_of(code_sha256_base64) != tree_id)
    fields.reject("tree_id", "is not that of the code");
  return tree_id;
}

Result<std::vector<model::LayerRef>> read_layer_refs(JsonFields& fields, const std::string& where) {
  std::vector<model::LayerRef> layers;
  for (const auto* object : fields.objects("layers")) {
    JsonFields layer_fields(*object, where + ": layer");
    model::LayerRef layer;
    layer.arn = layer_fields.text("arn");
    layer.tree_id = layer_fields.text("tree_id");
    layer.code_size = layer_fields.number("code_size", 0, kAnyMax);
    TRY(layer_fields.finish());
    layers.push_back(std::move(layer));
  }
  return layers;
}

model::LogLevel read_log_level(JsonFields& fields, std::string_view name) {
  const auto level = model::parse_log_level(fields.text(name));
  if (!level) fields.reject(name, "is not a level");
  return level.value_or(model::LogLevel::info);
}

Result<model::LoggingConfig> read_logging(const json::object& object, const std::string& where) {
  JsonFields fields(object, where + ": logging");
  model::LoggingConfig logging;
  const auto format = model::parse_log_format(fields.text("format"));
  if (!format) fields.reject("format", "is neither Text nor JSON");
  logging.format = format.value_or(logging.format);
  logging.application_level = read_log_level(fields, "application_level");
  logging.system_level = read_log_level(fields, "system_level");
  if (!model::is_system_level(logging.system_level)) {
    fields.reject("system_level", "is not a level of the system");
  }
  logging.group = fields.text("group");
  if (!logging.group.empty() && !model::is_log_group(logging.group)) {
    fields.reject("group", "is not a log group's name");
  }
  TRY(fields.finish());
  return logging;
}

Result<model::FunctionVersion> read_version(const json::object& object, std::uint64_t format,
                                            const std::string& where) {
  JsonFields fields(object, where);
  model::FunctionVersion version;
  version.account_id = fields.text("account_id");
  version.region = fields.text("region");
  version.name = fields.text("name");
  version.version = fields.text("version");
  version.revision_id = fields.text("revision_id");
  version.runtime = fields.text("runtime");
  version.handler = fields.text("handler");
  version.role = fields.text("role");
  version.description = fields.text("description");
  version.memory_mib = static_cast<std::uint32_t>(fields.number("memory_mib", 128, 10240));
  version.timeout = std::chrono::seconds(fields.number("timeout_s", 1, 900));
  version.ephemeral_storage_mib =
      static_cast<std::uint32_t>(fields.number("ephemeral_storage_mib", 512, 10240));
  version.architecture = fields.text("architecture");
  version.environment = fields.text_map("environment");
  version.has_environment = fields.boolean("has_environment");
  version.code_sha256_base64 = fields.text("code_sha256");
  version.code_size = fields.number("code_size", 0, kAnyMax);
  const json::object* const image =
      format < kImageFormat ? nullptr : fields.optional_object("image");
  version.tree_id = image == nullptr ? read_tree_id(fields, version.code_sha256_base64)
                                     : read_hex_id(fields, "tree_id");
  version.last_modified = fields.time("last_modified_ms");
  if (!model::is_account_id(version.account_id)) fields.reject("account_id", "is not 12 digits");
  if (!is_region(version.region)) fields.reject("region", "is not a region's name");
  if (!is_plain_name(version.name, kFunctionNameMax))
    fields.reject("name", "is not a function's name");
  if (version.architecture != "x86_64" && version.architecture != "arm64") {
    fields.reject("architecture", "is neither x86_64 nor arm64");
  }
  TRY(version.layers, read_layer_refs(fields, where));
  const json::object* const logging = format < kLoggingFormat ? nullptr : &fields.object("logging");
  TRY(fields.finish());
  if (logging != nullptr) {
    TRY(version.logging, read_logging(*logging, where));
  }
  if (image != nullptr) {
    TRY(version.image, read_image(*image, where));
  }
  return version;
}

/// A destination: nothing, or a function beside the one of the record.
std::string read_destination(JsonFields& fields, std::string_view name, const model::Scope& scope) {
  std::string arn = fields.text(name);
  if (!arn.empty() && !function_of_arn(arn, scope)) {
    fields.reject(name, "is not the ARN of a function in this account and region");
  }
  return arn;
}

Result<model::EventInvokeConfig> read_event_config(const json::object& object,
                                                   const model::Scope& scope,
                                                   const std::string& where) {
  using Config = model::EventInvokeConfig;
  constexpr std::uint64_t kAgeLeastS = Config::kAgeLeast.count();
  constexpr std::uint64_t kAgeMostS = Config::kAgeMost.count();
  JsonFields fields(object, where);
  Config config;
  if (const auto count = fields.optional_number("retries_max", 0, Config::kRetriesMost)) {
    config.retries_max = static_cast<std::uint32_t>(*count);
  }
  if (const auto age_s = fields.optional_number("age_max_s", kAgeLeastS, kAgeMostS)) {
    config.age_max = std::chrono::seconds(*age_s);
  }
  config.on_success = read_destination(fields, "on_success", scope);
  config.on_failure = read_destination(fields, "on_failure", scope);
  config.last_modified = fields.time("last_modified_ms");
  TRY(fields.finish());
  return config;
}

Result<EventConfigs> read_event_configs(const json::object& object,
                                        const FunctionDocument& document,
                                        const std::string& where) {
  const model::Scope scope{document.latest.account_id, document.latest.region};
  EventConfigs configs;
  for (const auto& item : object) {
    const std::string qualifier(item.key());
    const std::string whose = where + ": event configuration of '" + qualifier + "'";
    const auto number = parse_version_number(qualifier);
    const bool is_version = qualifier == kLatest || (number && *number < document.next_version);
    if (!is_version && !document.aliases.contains(qualifier)) {
      return Error(Errc::corrupt, whose + ": there is no such version or alias");
    }
    if (!item.value().is_object()) return Error(Errc::corrupt, whose + ": is not an object");
    TRY(auto config, read_event_config(item.value().get_object(), scope, whose));
    configs.emplace(qualifier, std::move(config));
  }
  return configs;
}

/// "version" and "other_version" of an alias.
std::string read_version_name(JsonFields& fields, std::string_view name, std::uint64_t next) {
  std::string text = fields.text(name);
  const auto number = parse_version_number(text);
  if (text != kLatest && (!number || *number >= next)) fields.reject(name, "is no version");
  return text;
}

Result<std::map<std::string, Alias>> read_aliases(const std::vector<const json::object*>& objects,
                                                  std::uint64_t next_version,
                                                  const std::string& where) {
  std::map<std::string, Alias> aliases;
  for (const auto* object : objects) {
    JsonFields fields(*object, where + ": alias");
    Alias alias;
    alias.name = fields.text("name");
    alias.version = read_version_name(fields, "version", next_version);
    alias.description = fields.text("description");
    alias.revision_id = fields.text("revision_id");
    if (const auto weight = fields.optional_fraction("other_weight")) {
      alias.other = AliasRoute{read_version_name(fields, "other_version", next_version), *weight};
    }
    if (!is_alias_name(alias.name)) fields.reject("name", "is not an alias's name");
    TRY(fields.finish());
    const std::string name = alias.name;
    if (!aliases.emplace(name, std::move(alias)).second) {
      return Error(Errc::corrupt, where + ": there are two aliases '" + name + "'");
    }
  }
  return aliases;
}

Result<LayerVersion> read_layer_version(const json::object& object, const LayerDocument& layer,
                                        const std::string& where) {
  JsonFields fields(object, where + ": version");
  LayerVersion version;
  version.account_id = layer.account_id;
  version.region = layer.region;
  version.name = layer.name;
  version.version = fields.number("version", 1, kAnyMax);
  version.description = fields.text("description");
  version.license_info = fields.text("license_info");
  version.compatible_runtimes = fields.texts("compatible_runtimes");
  version.compatible_architectures = fields.texts("compatible_architectures");
  version.code_sha256_base64 = fields.text("code_sha256");
  version.code_size = fields.number("code_size", 0, kAnyMax);
  version.unpacked_bytes = fields.number("unpacked_bytes", 0, kAnyMax);
  version.tree_id = read_tree_id(fields, version.code_sha256_base64);
  version.created = fields.time("created_ms");
  const std::uint64_t above = layer.versions.empty() ? 0 : layer.versions.back()->version;
  if (version.version <= above || version.version >= layer.next_version) {
    fields.reject("version", "is out of order");
  }
  TRY(fields.finish());
  return version;
}

std::string place(std::string_view bucket, std::string_view key) {
  return "record " + std::string(bucket) + " '" + std::string(key) + "'";
}

}  // namespace

std::string LayerVersion::layer_arn() const {
  return "arn:aws:lambda:" + region + ":" + account_id + ":layer:" + name;
}

std::string LayerVersion::version_arn() const {
  return layer_arn() + ":" + std::to_string(version);
}

std::string record_key(std::string_view account_id, std::string_view region,
                       std::string_view name) {
  std::string key(account_id);
  key.append("/").append(region).append("/").append(name);
  return key;
}

std::string record_key(const VersionDocument& document) {
  const model::FunctionVersion& version = document.version;
  return record_key(version.account_id, version.region, version.name) + "/" + version.version;
}

std::string record_key(const FunctionDocument& document) {
  return record_key(document.latest.account_id, document.latest.region, document.latest.name);
}

std::string record_key(const LayerDocument& document) {
  return record_key(document.account_id, document.region, document.name);
}

std::string encode(const FunctionDocument& document) {
  json::object object{{"format", kFunctionFormat},
                      {"tags", to_json(document.tags)},
                      {"event_configs", to_json(document.event_configs)},
                      {"code_unpacked_bytes", document.code_unpacked_bytes},
                      {"layers_unpacked_bytes", document.layers_unpacked_bytes},
                      {"next_version", document.next_version},
                      {"aliases", to_json(document.aliases)},
                      {"urls", urls_to_json(document.urls)},
                      {"policies", policies_to_json(document.policies)},
                      {"latest", to_json(document.latest)}};
  if (document.reserved_concurrency) {
    object.emplace("reserved_concurrency", *document.reserved_concurrency);
  }
  return json::serialize(object);
}

std::string encode(const VersionDocument& document) {
  return json::serialize(json::object{{"format", kVersionFormat},
                                      {"setting_tags", to_json(document.setting_tags)},
                                      {"version", to_json(document.version)}});
}

std::string encode(const LayerDocument& document) {
  json::array versions;
  for (const auto& version : document.versions) versions.push_back(to_json(*version));
  return json::serialize(json::object{{"format", kLayerFormat},
                                      {"next_version", document.next_version},
                                      {"versions", std::move(versions)}});
}

Result<FunctionDocument> decode_function(std::string_view key, std::string_view bytes) {
  const std::string where = place(kFunctionBucket, key);
  TRY(const auto record, parse_record(bytes, kFunctionFormat, where));
  JsonFields fields(record, where);
  FunctionDocument document;
  const auto format = fields.number("format", 1, kFunctionFormat);
  document.tags = fields.text_map("tags");
  if (const auto count = fields.optional_number("reserved_concurrency", 0, 0xffffffff)) {
    document.reserved_concurrency = static_cast<std::uint32_t>(*count);
  }
  document.code_unpacked_bytes = fields.number("code_unpacked_bytes", 0, kAnyMax);
  document.layers_unpacked_bytes = fields.number("layers_unpacked_bytes", 0, kAnyMax);
  const json::object none;
  const json::object& event_configs =
      format < kEventConfigsFormat ? none : fields.object("event_configs");
  const json::object& latest = fields.object("latest");
  std::vector<const json::object*> aliases;
  if (format >= kVersionsFormat) {
    document.next_version = fields.number("next_version", 1, kAnyMax);
    aliases = fields.objects("aliases");
  }
  const bool has_access = format >= kAccessFormat;
  const json::object& urls = has_access ? fields.object("urls") : none;
  const json::object& policies = has_access ? fields.object("policies") : none;
  TRY(fields.finish());
  TRY(document.urls, read_urls(urls, where));
  TRY(document.policies, read_policies(policies, where));
  TRY(document.latest, read_version(latest, format, where));
  if (document.latest.version != kLatest) {
    return Error(Errc::corrupt,
                 where + ": field 'version' of latest is not " + std::string(kLatest));
  }
  TRY(document.aliases, read_aliases(aliases, document.next_version, where));
  TRY(document.event_configs, read_event_configs(event_configs, document, where));
  if (record_key(document) != key) {
    return Error(Errc::corrupt, where + ": is that of '" + record_key(document) + "'");
  }
  return document;
}

Result<VersionDocument> decode_version(std::string_view key, std::string_view bytes) {
  const std::string where = place(kVersionBucket, key);
  TRY(const auto record, parse_record(bytes, kVersionFormat, where));
  JsonFields fields(record, where);
  const auto format = fields.number("format", 1, kVersionFormat);
  VersionDocument document;
  document.setting_tags = fields.text_map("setting_tags");
  const json::object& version = fields.object("version");
  TRY(fields.finish());
  TRY(document.version,
      read_version(version, format < kVersionFormat ? kAccessFormat : kFunctionFormat, where));
  if (!parse_version_number(document.version.version)) {
    return Error(Errc::corrupt, where + ": is not that of a version with a number");
  }
  if (record_key(document) != key) {
    return Error(Errc::corrupt, where + ": is that of '" + record_key(document) + "'");
  }
  return document;
}

Result<LayerDocument> decode_layer(std::string_view key, std::string_view bytes) {
  const std::string where = place(kLayerBucket, key);
  TRY(const auto record, parse_record(bytes, kLayerFormat, where));
  JsonFields fields(record, where);
  LayerDocument document;
  const auto first = std::min(key.find('/'), key.size());
  const auto second = std::min(key.find('/', first + 1), key.size());
  document.account_id = key.substr(0, first);
  document.region = first < second ? key.substr(first + 1, second - first - 1) : "";
  document.name = second < key.size() ? key.substr(second + 1) : "";
  if (!model::is_account_id(document.account_id) || !is_region(document.region) ||
      !is_plain_name(document.name, kLayerNameMax)) {
    return Error(Errc::corrupt, where + ": is not a layer's key");
  }
  static_cast<void>(fields.number("format", 1, kLayerFormat));
  document.next_version = fields.number("next_version", 1, kAnyMax);
  const auto versions = fields.objects("versions");
  TRY(fields.finish());
  for (const auto* object : versions) {
    TRY(auto version, read_layer_version(*object, document, where));
    document.versions.push_back(std::make_shared<const LayerVersion>(std::move(version)));
  }
  return document;
}

std::optional<std::string> tree_id_of(std::string_view code_sha256_base64) {
  const auto digest = from_base64(code_sha256_base64);
  if (!digest || digest->size() != sizeof(Sha256Digest)) return std::nullopt;
  return to_hex(std::as_bytes(std::span(*digest)));
}

}  // namespace proa::catalog
