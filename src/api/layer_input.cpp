#include "api/layer_input.h"

#include "api/arn_form.h"
#include "api/runtimes.h"
#include "model/account_id.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace proa::api {
namespace {

constexpr std::size_t kLayerNameMax = 140;
constexpr std::string_view kLayerNamePattern =
    R"((arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+)";

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_dashed);
}
bool is_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_dashed(c) || c == '_'; });
}
bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// The parts of an ARN between its colons; a count of more than 8 means none of ours.
struct Arn {
  std::array<std::string_view, 8> parts;
  std::size_t count = 0;
};

Arn split(std::string_view text) {
  Arn arn;
  for (;;) {
    const std::size_t colon = text.find(':');
    if (arn.count < arn.parts.size()) arn.parts[arn.count] = text.substr(0, colon);
    ++arn.count;
    if (colon == std::string_view::npos) return arn;
    text.remove_prefix(colon + 1);
  }
}

bool is_layer_arn(const Arn& arn) {
  const auto& parts = arn.parts;
  return arn.count >= 7 && parts[0] == "arn" && is_word(parts[1]) && parts[2] == "lambda" &&
         is_word(parts[3]) && model::is_account_id(parts[4]) && parts[5] == "layer" &&
         is_name(parts[6]);
}

template <class Texts>
bool contains(const Texts& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

}  // namespace

Result<std::string> decode_layer_name(std::string_view text, const model::Scope& scope) {
  const Arn arn = split(text);
  const bool has_arn = arn.count == 7 && is_layer_arn(arn);
  Problems problems;
  check_length(text, kLayerNameMax, "layerName", problems);
  if (!has_arn && !is_name(text)) {
    problems.violate(text, "layerName",
                     "satisfy regular expression pattern: " + std::string(kLayerNamePattern));
  }
  if (!problems.empty()) return Error(Errc::invalid, problems.text());
  if (!has_arn) return std::string(text);
  if (arn.parts[4] != scope.account_id) {
    return Error(Errc::denied, "Account " + scope.account_id + " may not use layers of account " +
                                   std::string(arn.parts[4]));
  }
  if (arn.parts[3] != scope.region) {
    return Error(Errc::not_found, "Layers from '" + std::string(arn.parts[3]) +
                                      "' are not reachable in this region ('" + scope.region +
                                      "')");
  }
  return std::string(arn.parts[6]);
}

Result<std::uint64_t> decode_layer_version(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Error(Errc::invalid,
                 "The layer version '" + std::string(text.substr(0, 40)) + "' is not a number");
  }
  if (number < 1) return Error(Errc::invalid, "Layer Version Cannot be less than 1");
  return static_cast<std::uint64_t>(number);
}

bool is_layer_version_arn(std::string_view arn) {
  const Arn split_arn = split(arn);
  return split_arn.count == 8 && is_layer_arn(split_arn) && is_number(split_arn.parts[7]);
}

bool LayerFilter::matches(const catalog::LayerVersion& layer) const {
  return (!runtime || contains(layer.compatible_runtimes, *runtime)) &&
         (!architecture || contains(layer.compatible_architectures, *architecture));
}

LayerFilter decode_layer_filter(const http::Request& request, Problems& problems) {
  LayerFilter filter;
  if (const auto runtime = request.query_value("CompatibleRuntime")) {
    filter.runtime = std::string(*runtime);
    if (!is_known_runtime(*runtime)) {
      problems.violate(*runtime, "compatibleRuntime",
                       "satisfy enum value set: " + known_runtimes());
    }
  }
  if (const auto architecture = request.query_value("CompatibleArchitecture")) {
    filter.architecture = std::string(*architecture);
    if (*architecture != "x86_64" && *architecture != "arm64") {
      problems.violate(*architecture, "compatibleArchitecture",
                       "satisfy enum value set: [x86_64, arm64]");
    }
  }
  return filter;
}

}  // namespace proa::api
