// The resource that tags belong to. Private to api/.
#pragma once

#include "api/problems.h"
#include "base/result.h"
#include "model/function_ref.h"

#include <string_view>

namespace proa::api {

/// The function behind the ARN of a tag operation. An ARN of a wrong form becomes a problem (and an
/// empty ref). Errc: invalid (qualified), unsupported (layers and other resources), not_found
/// (another region), denied.
Result<model::FunctionRef> decode_taggable(std::string_view arn, const model::Scope& scope);

}  // namespace proa::api
