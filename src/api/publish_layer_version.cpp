// PublishLayerVersion: https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
#include "api/errors.h"
#include "api/fields.h"
#include "api/function_input.h"
#include "api/layer_input.h"
#include "api/layer_output.h"
#include "api/location.h"
#include "api/off_shard.h"
#include "api/operations.h"
#include "api/runtimes.h"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proa::api {
namespace {

constexpr std::size_t kLicenseMax = 512;
constexpr std::size_t kRuntimesMax = 15;
constexpr std::size_t kArchitecturesMax = 2;

bool is_architecture(std::string_view name) { return name == "x86_64" || name == "arm64"; }

void check_lists(const catalog::NewLayerVersion& layer, Problems& problems) {
  const auto& runtimes = layer.compatible_runtimes;
  const auto& architectures = layer.compatible_architectures;
  if (runtimes.size() > kRuntimesMax) {
    problems.violate(printed(runtimes), "compatibleRuntimes",
                     "have length less than or equal to 15");
  }
  if (!std::all_of(runtimes.begin(), runtimes.end(), is_known_runtime)) {
    problems.violate(printed(runtimes), "compatibleRuntimes",
                     "satisfy enum value set: " + known_runtimes());
  }
  if (architectures.size() > kArchitecturesMax) {
    problems.violate(printed(architectures), "compatibleArchitectures",
                     "have length less than or equal to 2");
  }
  if (!std::all_of(architectures.begin(), architectures.end(), is_architecture)) {
    problems.violate(printed(architectures), "compatibleArchitectures",
                     "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]");
  }
}

catalog::NewLayerVersion decode_layer(const Fields& fields) {
  Problems& problems = fields.problems();
  catalog::NewLayerVersion layer;
  layer.description = fields.text("Description").value_or("");
  layer.license_info = fields.text("LicenseInfo").value_or("");
  layer.compatible_runtimes =
      fields.texts("CompatibleRuntimes").value_or(std::vector<std::string>());
  layer.compatible_architectures =
      fields.texts("CompatibleArchitectures").value_or(std::vector<std::string>());
  if (!fields.object("Content")) problems.missing("content");
  check_length(layer.description, kDescriptionMax, "description", problems);
  check_length(layer.license_info, kLicenseMax, "licenseInfo", problems);
  check_lists(layer, problems);
  return layer;
}

/// A request as far as it can be told without asking anybody.
struct DecodedLayer {
  catalog::NewLayerVersion layer;
  std::optional<http::Response> refused;
};

Result<DecodedLayer> decode_request(const std::string& text) {
  DecodedLayer decoded;
  Problems problems;
  const boost::json::object body = parse_object(text, problems);
  const Fields fields(body, problems);
  decoded.layer = decode_layer(fields);
  if ((decoded.refused = refusal(problems))) return decoded;
  auto source = decode_source(*fields.object("Content"), "Content.");
  if ((decoded.refused = refusal(problems))) return decoded;
  TRY(static_cast<catalog::ArchiveSource&>(decoded.layer), std::move(source));
  return decoded;
}

}  // namespace

Task<http::Response> publish_layer_version(Context& context, Call& call) {
  CO_TRY(auto name, decode_layer_name(call.parameters[0], call.scope));
  std::function<Result<DecodedLayer>()> work =
      [body = std::make_shared<const std::string>(std::move(call.request.body))] {
        return decode_request(*body);
      };
  const std::size_t size = call.body_bytes;
  CO_TRY(auto decoded,
         co_await off_shard_if_large<DecodedLayer>(context.blocking, size, std::move(work)));
  if (decoded.refused) co_return std::move(*decoded.refused);
  decoded.layer.scope = call.scope;
  decoded.layer.name = std::move(name);
  CO_TRY(const auto version,
         co_await context.catalog.publish_layer_version(std::move(decoded.layer)));
  const auto answer = layer_version(*version, layer_location(context, call, *version));
  co_return json_response(201, boost::json::serialize(answer));
}

}  // namespace proa::api
