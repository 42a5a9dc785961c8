// May this key do that? Private to api/.
#pragma once

#include "api/operations.h"
#include "identity/identity.h"

#include <span>
#include <string_view>

namespace proa::api {

/// Whether anybody may ask without a signature: GET /proa/v1/health, which tells nothing, and
/// function URLs, which have a door of their own.
bool is_public(const Operation& operation);

/// The rights of which a key needs one; empty: any key will do.
identity::Rights rights_for(const Operation& operation);

/// Errc: denied, with the text of IAM and the right that is missing.
Result<void> check_rights(const Operation& operation, const http::Request& request,
                          std::span<const std::string_view> parameters, const model::Scope& scope,
                          const identity::Key& key);

/// The answer for a request whose signature does not hold: AWS's exceptions.
http::Response refusal_response(const identity::Verdict& verdict);

}  // namespace proa::api
