// Decoding what the operations on layers have in common. Private to api/.
#pragma once

#include "api/problems.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "http/http.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proa::api {

/// The name of a layer out of `text`, a name or the layer's ARN. Errc: invalid (Lambda's text for
/// a bad form), denied (another account), not_found (another region).
Result<std::string> decode_layer_name(std::string_view text, const model::Scope& scope);

/// The version number of a path. Errc: invalid (not a number, or less than 1, in Lambda's words).
Result<std::uint64_t> decode_layer_version(std::string_view text);

/// Whether `arn` has the form of a layer version's ARN.
bool is_layer_version_arn(std::string_view arn);

/// CompatibleRuntime and CompatibleArchitecture of the list operations.
struct LayerFilter {
  std::optional<std::string> runtime;
  std::optional<std::string> architecture;

  bool is_empty() const { return !runtime && !architecture; }
  /// A layer that names no runtimes (or architectures) matches no filter on them, as on Lambda.
  bool matches(const catalog::LayerVersion& layer) const;
};
LayerFilter decode_layer_filter(const http::Request& request, Problems& problems);

}  // namespace proa::api
