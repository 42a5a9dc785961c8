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

}  // namespace proa::api
