#include "catalog/runtime_records.h"

#include "base/encoding.h"
#include "base/units.h"
#include "catalog/image_records.h"
#include "catalog/json_fields.h"
#include "catalog/names.h"
#include "model/account_id.h"
#include "model/settings.h"

#include <boost/json.hpp>

namespace proa::catalog {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kRuntimeRecordFormat = 1;

json::array to_json(const std::vector<oci::RootInterpreter>& interpreters) {
  json::array out;
  for (const auto& one : interpreters) {
    out.push_back(
        json::object{{"runtime", one.runtime}, {"version", one.version}, {"program", one.program}});
  }
  return out;
}

json::array to_json(const std::vector<oci::RootPackage>& packages) {
  json::array out;
  for (const auto& one : packages) {
    out.push_back(json::object{{"name", one.name}, {"version", one.version}});
  }
  return out;
}

Result<oci::RootInterpreter> read_interpreter(const json::object& object,
                                              const std::string& where) {
  JsonFields fields(object, where + ": interpreters");
  oci::RootInterpreter one;
  one.runtime = fields.text("runtime");
  one.version = fields.text("version");
  one.program = fields.text("program");
  if (!one.program.starts_with('/')) fields.reject("program", "is not an absolute path");
  TRY(fields.finish());
  return one;
}

Result<oci::RootPackage> read_package(const json::object& object, const std::string& where) {
  JsonFields fields(object, where + ": packages");
  oci::RootPackage one;
  one.name = fields.text("name");
  one.version = fields.text("version");
  TRY(fields.finish());
  return one;
}

}  // namespace

std::string runtime_record_key(const std::string& account_id, const std::string& name) {
  return account_id + "/" + name;
}

std::string encode(const RuntimeImage& image) {
  return json::serialize(json::object{{"format", kRuntimeRecordFormat},
                                      {"sha256", image.sha256},
                                      {"tree_id", image.tree_id},
                                      {"interpreters", to_json(image.contents.interpreters)},
                                      {"packages", to_json(image.contents.packages)},
                                      {"asked_for", json_list(image.asked_for)},
                                      {"archive_bytes", image.archive_bytes},
                                      {"unpacked_bytes", image.unpacked_bytes},
                                      {"skipped", image.skipped},
                                      {"added_ms", epoch_ms(image.added)}});
}

Result<RuntimeImage> decode_runtime_image(std::string_view key, std::string_view bytes) {
  const std::string where = "record runtimes '" + std::string(key) + "'";
  TRY(const auto object, parse_record(bytes, kRuntimeRecordFormat, where));
  JsonFields fields(object, where);
  RuntimeImage image;
  const auto slash = std::min(key.find('/'), key.size());
  image.account_id = key.substr(0, slash);
  image.name = key.substr(std::min(slash + 1, key.size()));
  static_cast<void>(fields.number("format", 1, kRuntimeRecordFormat));
  image.sha256 = read_hex_id(fields, "sha256");
  image.tree_id = read_hex_id(fields, "tree_id");
  const auto interpreters = fields.objects("interpreters");
  const auto packages = fields.objects("packages");
  image.asked_for = fields.texts("asked_for");
  image.archive_bytes = fields.number("archive_bytes", 0, kVersionNumberMax);
  image.unpacked_bytes = fields.number("unpacked_bytes", 0, kVersionNumberMax);
  image.skipped = fields.number("skipped", 0, kVersionNumberMax);
  image.added = fields.time("added_ms");
  TRY(fields.finish());
  if (!model::is_account_id(image.account_id) || !model::is_runtime_image_name(image.name)) {
    return Error(Errc::corrupt, where + ": is not a runtime image's key");
  }
  for (const json::object* each : interpreters) {
    TRY(auto one, read_interpreter(*each, where));
    image.contents.interpreters.push_back(std::move(one));
  }
  for (const json::object* each : packages) {
    TRY(auto one, read_package(*each, where));
    image.contents.packages.push_back(std::move(one));
  }
  return image;
}

}  // namespace proa::catalog
