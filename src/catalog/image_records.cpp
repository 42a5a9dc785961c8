#include "catalog/image_records.h"

#include "base/encoding.h"
#include "base/units.h"
#include "catalog/image_names.h"
#include "catalog/names.h"
#include "model/account_id.h"

#include <boost/json.hpp>

namespace proa::catalog {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kImageRecordFormat = 1;

json::object to_json(const model::ImageDefaults& defaults) {
  return json::object{{"entry_point", json_list(defaults.entry_point)},
                      {"command", json_list(defaults.command)},
                      {"environment", json_list(defaults.environment)},
                      {"working_directory", defaults.working_directory}};
}

json::object to_json(const model::ImageOverrides& overrides) {
  json::object out;
  if (overrides.entry_point) out.emplace("entry_point", json_list(*overrides.entry_point));
  if (overrides.command) out.emplace("command", json_list(*overrides.command));
  if (overrides.working_directory) out.emplace("working_directory", *overrides.working_directory);
  return out;
}

Result<model::ImageDefaults> read_defaults(const json::object& object, const std::string& where) {
  JsonFields fields(object, where + ": defaults");
  model::ImageDefaults defaults;
  defaults.entry_point = fields.texts("entry_point");
  defaults.command = fields.texts("command");
  defaults.environment = fields.texts("environment");
  defaults.working_directory = fields.text("working_directory");
  TRY(fields.finish());
  return defaults;
}

Result<model::ImageOverrides> read_overrides(const json::object& object, const std::string& where) {
  JsonFields fields(object, where + ": overrides");
  model::ImageOverrides overrides;
  overrides.entry_point = fields.optional_texts("entry_point");
  overrides.command = fields.optional_texts("command");
  overrides.working_directory = fields.optional_text("working_directory");
  TRY(fields.finish());
  return overrides;
}

}  // namespace

std::string read_hex_id(JsonFields& fields, std::string_view name) {
  std::string id = fields.text(name);
  if (!is_hex(id, 64)) {
    fields.reject(name, "is not 64 hex digits");
  }
  return id;
}

std::string record_key(const ContainerImage& image) {
  return image.account_id + "/" + image.digest.substr(kSha256Begin.size());
}

std::string encode(const ContainerImage& image) {
  return json::serialize(json::object{{"format", kImageRecordFormat},
                                      {"names", json_list(image.names)},
                                      {"tree_id", image.tree_id},
                                      {"architecture", image.architecture},
                                      {"defaults", to_json(image.defaults)},
                                      {"layers", image.layers},
                                      {"archive_bytes", image.archive_bytes},
                                      {"unpacked_bytes", image.unpacked_bytes},
                                      {"skipped", image.skipped},
                                      {"loaded_ms", epoch_ms(image.loaded)}});
}

Result<ContainerImage> decode_image(std::string_view key, std::string_view bytes) {
  const std::string where = "record images '" + std::string(key) + "'";
  TRY(const auto object, parse_record(bytes, kImageRecordFormat, where));
  JsonFields fields(object, where);
  ContainerImage image;
  image.account_id = key.substr(0, key.find('/'));
  image.digest = std::string(kSha256Begin) + std::string(key.substr(key.find('/') + 1));
  static_cast<void>(fields.number("format", 1, kImageRecordFormat));
  image.names = fields.texts("names");
  image.tree_id = read_hex_id(fields, "tree_id");
  image.architecture = fields.text("architecture");
  const json::object& defaults = fields.object("defaults");
  image.layers = fields.number("layers", 0, kVersionNumberMax);
  image.archive_bytes = fields.number("archive_bytes", 0, kVersionNumberMax);
  image.unpacked_bytes = fields.number("unpacked_bytes", 0, kVersionNumberMax);
  image.skipped = fields.number("skipped", 0, kVersionNumberMax);
  image.loaded = fields.time("loaded_ms");
  TRY(fields.finish());
  if (!model::is_account_id(image.account_id) || image.digest.size() != kSha256Begin.size() + 64) {
    return Error(Errc::corrupt, where + ": is not an image's key");
  }
  TRY(image.defaults, read_defaults(defaults, where));
  return image;
}

json::object image_to_json(const model::ImageCode& image) {
  json::object out{{"uri", image.uri},
                   {"resolved_uri", image.resolved_uri},
                   {"program", image.program},
                   {"defaults", to_json(image.defaults)}};
  if (image.overrides) out.emplace("overrides", to_json(*image.overrides));
  return out;
}

Result<model::ImageCode> read_image(const json::object& object, const std::string& where) {
  JsonFields fields(object, where + ": image");
  model::ImageCode image;
  image.uri = fields.text("uri");
  image.resolved_uri = fields.text("resolved_uri");
  image.program = fields.text("program");
  const json::object& defaults = fields.object("defaults");
  const json::object* const overrides = fields.optional_object("overrides");
  TRY(fields.finish());
  TRY(image.defaults, read_defaults(defaults, where));
  if (overrides != nullptr) {
    TRY(image.overrides, read_overrides(*overrides, where));
  }
  return image;
}

}  // namespace proa::catalog
