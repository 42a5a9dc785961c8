// FunctionConfiguration as Lambda answers it. Private to api/.
#pragma once

#include "base/units.h"
#include "model/function.h"

#include <boost/json/object.hpp>

#include <string_view>

namespace proa::api {

/// Where a function stands in the answer of one operation. Proa has finished when it answers, but
/// Lambda's create and update answer before; tools wait for the change they expect.
enum class Progress {
  creating,  ///< State Pending: the answer of CreateFunction
  updating,  ///< LastUpdateStatus InProgress: the answers of the updates
  settled,   ///< everything else
};

/// `qualifier` stands behind the ARN: what the request named, or the version where it is one that
/// was asked for; "" for none.
boost::json::object function_configuration(const model::FunctionVersion& function,
                                           Progress progress, std::string_view qualifier = {});
/// The same as an entry of a list, which leaves out what a state is about.
boost::json::object listed_configuration(const model::FunctionVersion& function,
                                         std::string_view qualifier);

/// "2025-01-01T00:00:00.000+0000".
std::string lambda_time(WallTime time);

}  // namespace proa::api
