#include "api/location.h"

namespace proa::api {
namespace {

std::string url(const Call& call, const std::string& path) {
  const auto host = call.request.headers.find("Host").value_or("localhost");
  return "http://" + std::string(host) + path;
}

}  // namespace

std::string code_location(const Call& call, const model::FunctionRef& ref) {
  return url(call, "/proa/v1/functions/" + http::percent_encode(ref.arn()) + "/code");
}

std::string layer_location(const Call& call, const catalog::LayerVersion& layer) {
  return url(call, "/proa/v1/layers/" + http::percent_encode(layer.name) + "/versions/" +
                       std::to_string(layer.version) + "/content");
}

}  // namespace proa::api
