// Lambda's errors, and CloudWatch Logs', as answers. Private to api/. The only place that knows
// HTTP statuses and exception names is errors.cpp.
#pragma once

#include "api/problems.h"
#include "base/result.h"
#include "http/http.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace proa::api {

/// The failures that clients tell apart; each is one of Lambda's exceptions.
enum class Fault {
  validation,         ///< a constraint of the model's shapes; text begins "N validation error"
  serialization,      ///< the body is not JSON or a member has the wrong type
  invalid_parameter,  ///< all else that is wrong with a request, and what Proa has not got yet
  invalid_request_content,  ///< the event is not JSON
  not_found,
  conflict,
  precondition_failed,  ///< a stale RevisionId
  throttled,
  request_too_large,
  access_denied,
  missing_token,  ///< this and the next four: the signature; AWS's front door answers so
  unrecognized_client,
  incomplete_signature,
  invalid_signature,
  expired_token,
  unauthorized,  ///< GET /metrics without its token
  unknown_operation,
  service,      ///< our fault
  unavailable,  ///< our fault, and worth another try
};

/// The answer for a fault.
http::Response fault_response(Fault fault, std::string_view message);
/// The answer for an Error of catalog, dispatch or the decoders.
http::Response error_response(const Error& error);
/// The answer for problems found while decoding; nothing when there are none.
std::optional<http::Response> refusal(const Problems& problems);
/// The answer when the body was over `limit`. `action` is the name Lambda uses in the text
/// ("InvokeFunction", "CreateFunction").
http::Response body_too_large(std::string_view action, std::uint64_t limit);

/// The same answer as services with AWS's JSON protocol give it: the exception's name is in the
/// body, what the caller did is 400, and CloudWatch Logs' own names stand for Lambda's.
http::Response in_json_protocol(http::Response response);

/// An answer of `status` with a JSON body.
http::Response json_response(int status, std::string body);

}  // namespace proa::api
