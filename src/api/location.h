// Where uploaded archives can be fetched: Lambda answers presigned addresses of S3, ours are on
// this listener, and with auth on they are signed with the caller's key for ten minutes. Private to
// api/.
#pragma once

#include "api/operations.h"

#include <string>

namespace proa::api {

/// Code.Location of GetFunction.
std::string code_location(const Context& context, const Call& call, const model::FunctionRef& ref);
/// Content.Location of a layer version.
std::string layer_location(const Context& context, const Call& call,
                           const catalog::LayerVersion& layer);

}  // namespace proa::api
