#include "api/location.h"

namespace proa::api {
namespace {

std::string url(const Context& context, const Call& call, const std::string& path) {
  identity::PresignOptions options;
  options.host = std::string(call.request.headers.find("Host").value_or("localhost"));
  const std::string begin = (call.request.is_tls ? "https://" : "http://") + options.host;
  if (!call.key) return begin + path;
  options.scope.region = call.scope.region;
  identity::Credentials credentials;
  credentials.key_id = call.key->id;
  credentials.secret = call.key->secret;
  return begin + identity::presign(path, credentials, options, context.clock.wall_now());
}

}  // namespace

std::string code_location(const Context& context, const Call& call, const model::FunctionRef& ref) {
  return url(context, call, "/proa/v1/functions/" + http::percent_encode(ref.arn()) + "/code");
}

std::string layer_location(const Context& context, const Call& call,
                           const catalog::LayerVersion& layer) {
  return url(context, call,
             "/proa/v1/layers/" + http::percent_encode(layer.name) + "/versions/" +
                 std::to_string(layer.version) + "/content");
}

}  // namespace proa::api
