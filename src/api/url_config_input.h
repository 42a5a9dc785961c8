// CreateFunctionUrlConfig and UpdateFunctionUrlConfig as they come. Private to api/.
#pragma once

#include "api/fields.h"
#include "base/result.h"
#include "model/function_url.h"

namespace proa::api {

/// AuthType and Cors; what is wrong goes to the problems of `fields`.
model::UrlChange decode_url_change(const Fields& fields);
/// Errc: unsupported. InvokeMode: Proa buffers, and does not stream to the caller yet.
Result<void> check_invoke_mode(const Fields& fields);

}  // namespace proa::api
