#include "otlp/resource.h"

namespace proa::otlp {

Attributes attributes_of(const FunctionResource& function, const Identity& identity) {
  const std::string name(function.function);
  const std::string version(function.version);
  Attributes attributes;
  if (!name.empty()) {
    attributes.add("service.name", name);
    attributes.add("service.version", version);
    attributes.add("faas.name", name);
    attributes.add("cloud.resource_id", "arn:aws:lambda:" + std::string(function.region) + ":" +
                                            std::string(function.account_id) + ":function:" + name +
                                            ":" + version);
  }
  attributes.add("faas.version", version);
  if (!function.environment_id.empty()) attributes.add("faas.instance", function.environment_id);
  attributes.add("cloud.account.id", function.account_id);
  attributes.add("cloud.region", function.region);
  attributes.add("host.name", identity.host_name);
  return attributes;
}

boost::json::object scope_of(const Identity& identity) {
  boost::json::object scope;
  scope["name"] = "proa";
  scope["version"] = identity.version;
  return scope;
}

}  // namespace proa::otlp
