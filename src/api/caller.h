// Who is calling, and may a request be served at all? Private to api/.
#pragma once

#include "api/api.h"

#include <string_view>

namespace proa::api {

/// The account of all callers and the region they signed for: from the credential scope of the
/// Authorization header or of a presigned query, else the default. Signatures are not looked at.
model::Scope scope_of(const http::Request& request, const ApiOptions& options);

/// Errc: denied (an Origin header, or a Host that is not ours: a browser or DNS rebinding).
Result<void> check_not_a_browser(const http::Request& request, const ApiOptions& options);

/// A request on the socket inside an environment: it must carry the key id and the session token of
/// that environment, as every SDK sends them. A page or a proxy that function code can be talked
/// into asking cannot know them. Errc: denied.
Result<void> check_function(const http::Request& request, const model::FunctionCaller& caller);
/// Function code may call functions. Errc: denied (with the text of IAM).
Result<void> check_function_right(std::string_view operation, const model::FunctionCaller& caller);

}  // namespace proa::api
