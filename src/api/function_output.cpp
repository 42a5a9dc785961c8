#include "api/function_output.h"

#include "base/encoding.h"
#include "base/json_list.h"
#include "base/utc_text.h"

#include <boost/json/array.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

void add_progress(json::object& out, Progress progress) {
  if (progress == Progress::creating) {
    out["State"] = "Pending";
    out["StateReason"] = "The function is being created.";
    out["StateReasonCode"] = "Creating";
    return;
  }
  out["State"] = "Active";
  if (progress == Progress::settled) {
    out["LastUpdateStatus"] = "Successful";
    return;
  }
  out["LastUpdateStatus"] = "InProgress";
  out["LastUpdateStatusReason"] = "The function is being created.";
  out["LastUpdateStatusReasonCode"] = "Creating";
}

json::object object_with(json::string_view key, json::value value) {
  json::object object;
  object.emplace(key, std::move(value));
  return object;
}

json::object environment_of(const model::FunctionVersion& function) {
  json::object variables;
  for (const auto& [name, value] : function.environment) variables[name] = value;
  return object_with("Variables", std::move(variables));
}

json::array layers_of(const model::FunctionVersion& function) {
  json::array layers;
  for (const model::LayerRef& layer : function.layers) {
    json::object entry = object_with("Arn", json::value(layer.arn));
    entry["CodeSize"] = layer.code_size;
    layers.push_back(std::move(entry));
  }
  return layers;
}

/// ImageConfigResponse, where the function says something.
void add_image_config(json::object& out, const model::ImageCode& image) {
  if (!image.overrides) return;
  const model::ImageOverrides& overrides = *image.overrides;
  json::object config;
  if (overrides.entry_point) config["EntryPoint"] = json_list(*overrides.entry_point);
  if (overrides.command) config["Command"] = json_list(*overrides.command);
  if (overrides.working_directory) config["WorkingDirectory"] = *overrides.working_directory;
  if (config.empty()) return;
  out["ImageConfigResponse"] = object_with("ImageConfig", std::move(config));
}

json::object logging_of(const model::FunctionVersion& function) {
  const model::LoggingConfig& logging = function.logging;
  json::object out;
  out["LogFormat"] = to_string(logging.format);
  if (logging.format == model::LogFormat::json) {
    out["ApplicationLogLevel"] = to_string(logging.application_level);
    out["SystemLogLevel"] = to_string(logging.system_level);
  }
  out["LogGroup"] = function.log_group();
  return out;
}

}  // namespace

std::string lambda_time(WallTime time) { return utc_text(time, "+0000"); }

json::object function_configuration(const model::FunctionVersion& function, Progress progress,
                                    std::string_view qualifier) {
  json::object out;
  out["FunctionName"] = function.name;
  std::string arn = function.unqualified_arn();
  if (!qualifier.empty()) arn.append(":").append(qualifier);
  out["FunctionArn"] = arn;
  if (!function.image) out["Runtime"] = function.runtime;
  out["Role"] = function.role;
  if (!function.image) out["Handler"] = function.handler;
  out["CodeSize"] = function.code_size;
  out["Description"] = function.description;
  out["Timeout"] = function.timeout.count();
  out["MemorySize"] = function.memory_mib;
  out["LastModified"] = lambda_time(function.last_modified);
  out["CodeSha256"] = function.code_sha256_base64;
  out["Version"] = function.version;
  if (function.has_environment) out["Environment"] = environment_of(function);
  out["TracingConfig"] = object_with("Mode", "PassThrough");
  out["RevisionId"] = function.revision_id;
  if (!function.layers.empty()) out["Layers"] = layers_of(function);
  add_progress(out, progress);
  out["PackageType"] = function.image ? "Image" : "Zip";
  if (function.image) add_image_config(out, *function.image);
  json::array architectures;
  architectures.emplace_back(function.architecture);
  out["Architectures"] = std::move(architectures);
  out["EphemeralStorage"] = object_with("Size", function.ephemeral_storage_mib);
  json::object snap_start = object_with("ApplyOn", "None");
  snap_start["OptimizationStatus"] = "Off";
  out["SnapStart"] = std::move(snap_start);
  // Lambda names the build of the runtime; ours is named by the identifier it was asked for with.
  if (!function.image) {
    out["RuntimeVersionConfig"] = object_with(
        "RuntimeVersionArn", json::value("arn:aws:lambda:" + function.region +
                                         "::runtime:" + to_hex(sha256(function.runtime))));
  }
  out["LoggingConfig"] = logging_of(function);
  return out;
}

json::object listed_configuration(const model::FunctionVersion& function,
                                  std::string_view qualifier) {
  json::object entry = function_configuration(function, Progress::settled, qualifier);
  for (const char* key : {"State", "LastUpdateStatus"}) entry.erase(key);
  return entry;
}

}  // namespace proa::api
