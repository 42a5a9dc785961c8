// Layer versions as Lambda answers them. Private to api/.
#pragma once

#include "catalog/catalog.h"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace proa::api {

/// An entry of ListLayerVersions, and LatestMatchingVersion of ListLayers.
boost::json::object layer_summary(const catalog::LayerVersion& layer);

/// The answer of PublishLayerVersion and GetLayerVersion. `location` is where the zip can be
/// fetched.
boost::json::object layer_version(const catalog::LayerVersion& layer, std::string_view location);

}  // namespace proa::api
