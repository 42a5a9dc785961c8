#include "api/layer_output.h"

#include "api/function_output.h"

#include <boost/json/array.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

void add_list(json::object& out, json::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json::array list;
  for (const std::string& text : texts) list.emplace_back(text);
  out[key] = std::move(list);
}

/// What both forms have.
void add_common(json::object& out, const catalog::LayerVersion& layer) {
  out["LayerVersionArn"] = layer.version_arn();
  out["Version"] = layer.version;
  out["Description"] = layer.description;
  out["CreatedDate"] = lambda_time(layer.created);
  add_list(out, "CompatibleRuntimes", layer.compatible_runtimes);
  add_list(out, "CompatibleArchitectures", layer.compatible_architectures);
  if (!layer.license_info.empty()) out["LicenseInfo"] = layer.license_info;
}

}  // namespace

json::object layer_summary(const catalog::LayerVersion& layer) {
  json::object out;
  add_common(out, layer);
  return out;
}

json::object layer_version(const catalog::LayerVersion& layer, std::string_view location) {
  json::object content;
  content["Location"] = location;
  content["CodeSha256"] = layer.code_sha256_base64;
  content["CodeSize"] = layer.code_size;
  json::object out;
  out["Content"] = std::move(content);
  out["LayerArn"] = layer.layer_arn();
  add_common(out, layer);
  return out;
}

}  // namespace proa::api
