// Who is calling, and may a request be served at all? Private to api/.
#pragma once

#include "api/operations.h"

#include <string_view>

namespace proa::api {

/// The account of all callers and the region they signed for: from the credential scope of the
/// Authorization header or of a presigned query, else the default. Signatures are not looked at.
model::Scope scope_of(const http::Request& request, const ApiOptions& options);

/// Errc: denied (an Origin header, or a Host that is not ours: a browser or DNS rebinding).
Result<void> check_not_a_browser(const http::Request& request, const ApiOptions& options);

/// The credentials of one environment, as a verifier looks them up: no other key counts on the
/// socket inside it. A page or a proxy that function code can be talked into asking cannot sign.
class FunctionKey final : public identity::KeyLookup {
 public:
  /// `caller` outlives it.
  explicit FunctionKey(const model::FunctionCaller& caller) : caller_(caller) {}
  identity::KeyPtr find(std::string_view key_id) const override;

 private:
  const model::FunctionCaller& caller_;
};

/// Function code may call functions. Errc: denied (with the text of IAM).
Result<void> check_function_right(const Operation& operation, const model::FunctionCaller& caller);

}  // namespace proa::api
