// FunctionConfiguration as Lambda answers it. Private to api/.
#pragma once

#include "base/units.h"
#include "model/function.h"

#include <boost/json/object.hpp>

namespace proa::api {

/// Where a function stands in the answer of one operation. Proa has finished when it answers, but
/// Lambda's create and update answer before; tools wait for the change they expect.
enum class Progress {
  creating,  ///< State Pending: the answer of CreateFunction
  updating,  ///< LastUpdateStatus InProgress: the answers of the updates
  settled,   ///< everything else
};

/// `has_qualified_arn`: the request named a qualifier, or the list shows versions.
boost::json::object function_configuration(const model::FunctionVersion& function,
                                           Progress progress, bool has_qualified_arn);

/// "2025-01-01T00:00:00.000+0000".
std::string lambda_time(WallTime time);

}  // namespace proa::api
