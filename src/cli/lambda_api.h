// Paths and pages of the Lambda API. Private to cli/.
#pragma once

#include "cli/endpoint.h"

#include <boost/json/array.hpp>

#include <string>
#include <string_view>

namespace proa::cli {

/// "/2015-03-31/functions/NAME" and what comes behind it ("/configuration"). The name may be an ARN
/// and may end in ":QUALIFIER": the daemon takes it apart, as Lambda does.
std::string functions_path(std::string_view name, std::string_view rest = {},
                           std::string_view date = "2015-03-31");

/// Which members of a list operation carry what, e.g. {"Functions", "NextMarker", "Marker"}.
struct Listing {
  std::string_view items;
  std::string_view next;       ///< of the answer
  std::string_view parameter;  ///< of the next request
};

/// The items of all pages. `target` has its '?'. Errc: as ask(), corrupt (no such list, or pages
/// that never end).
Result<boost::json::array> ask_all(const Surroundings& surroundings, const std::string& target,
                                   const Listing& listing);

}  // namespace proa::cli
