#include "api/errors.h"

#include "api/json_check.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proa::api {
namespace {

/// How one fault looks on the wire. The key of the text differs between Lambda's exceptions, and
/// ValidationException, RequestEntityTooLargeException and those of the front door have no Type.
struct Shape {
  int status;
  std::string_view exception;
  std::string_view message_key;
  std::string_view type;  ///< "User", "Server" or nothing
};

Shape shape_of(Fault fault) {
  switch (fault) {
    case Fault::validation:
      return {400, "ValidationException", "message", ""};
    case Fault::serialization:
      return {400, "SerializationException", "message", ""};
    case Fault::invalid_parameter:
      return {400, "InvalidParameterValueException", "message", "User"};
    case Fault::invalid_request_content:
      return {400, "InvalidRequestContentException", "message", "User"};
    case Fault::not_found:
      return {404, "ResourceNotFoundException", "Message", "User"};
    case Fault::conflict:
      return {409, "ResourceConflictException", "message", "User"};
    case Fault::precondition_failed:
      return {412, "PreconditionFailedException", "message", "User"};
    case Fault::throttled:
      return {429, "TooManyRequestsException", "message", "User"};
    case Fault::request_too_large:
      return {413, "RequestEntityTooLargeException", "message", ""};
    case Fault::access_denied:
      return {403, "AccessDeniedException", "Message", ""};
    case Fault::missing_token:
      return {403, "MissingAuthenticationTokenException", "message", ""};
    case Fault::unrecognized_client:
      return {403, "UnrecognizedClientException", "message", ""};
    case Fault::incomplete_signature:
      return {403, "IncompleteSignatureException", "message", ""};
    case Fault::invalid_signature:
      return {403, "InvalidSignatureException", "message", ""};
    case Fault::expired_token:
      return {403, "ExpiredTokenException", "message", ""};
    case Fault::unauthorized:
      return {401, "UnauthorizedException", "message", ""};
    case Fault::unknown_operation:
      return {404, "UnknownOperationException", "message", ""};
    case Fault::service:
      return {500, "ServiceException", "Message", "Server"};
    case Fault::unavailable:
      return {503, "ServiceException", "Message", "Server"};
  }
  return {500, "ServiceException", "Message", "Server"};
}

std::string body_of(const Shape& shape, std::string_view message, std::string_view reason) {
  boost::json::object body;
  if (!reason.empty()) body["Reason"] = reason;
  if (!shape.type.empty()) body["Type"] = shape.type;
  body[shape.message_key] = message;
  return boost::json::serialize(body);
}

http::Response make(const Shape& shape, std::string_view message, std::string_view reason) {
  std::string body = body_of(shape, message, reason);
  if (json_defect(body)) {
    // The text repeats bytes of the request that are no UTF-8.
    std::string ascii(message);
    std::replace_if(
        ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
        '?');
    body = body_of(shape, ascii, reason);
  }
  http::Response response = json_response(shape.status, std::move(body));
  response.headers.add("x-amzn-errortype", shape.exception);
  return response;
}

/// "1 validation error detected: ...", "12 validation errors detected: ...": the texts that Lambda
/// sends as ValidationException, whoever wrote them (model::parse_function_ref does too).
bool is_validation_text(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string_view::npos &&
         text.substr(digits).starts_with(" validation error");
}

Fault fault_of(const Error& error) {
  switch (error.code()) {
    case Errc::not_found:
      return Fault::not_found;
    case Errc::conflict:
      return Fault::conflict;
    case Errc::precondition:
      return Fault::precondition_failed;
    case Errc::throttled:
      return Fault::throttled;
    case Errc::too_large:
      // Lambda refuses the archive at its door with 413, what is inside as a bad parameter.
      return error.message().starts_with("Zipped size") ? Fault::request_too_large
                                                        : Fault::invalid_parameter;
    case Errc::invalid:
      return is_validation_text(error.message()) ? Fault::validation : Fault::invalid_parameter;
    case Errc::denied:
      return Fault::access_denied;
    // What Proa has not got is a 400 with an exception that nearly every operation declares: the
    // AWS CLI and the SDKs print its text and do not try again. 501 and every other 5xx they would
    // send again up to four times, and 404 reads as "does not exist" to infrastructure tools.
    case Errc::unsupported:
      return Fault::invalid_parameter;
    case Errc::cancelled:
    case Errc::deadline:
    case Errc::exhausted:
    case Errc::unavailable:
      return Fault::unavailable;
    case Errc::os:
    case Errc::corrupt:
    case Errc::internal:
      return Fault::service;
  }
  return Fault::service;
}

/// What CloudWatch Logs calls that which Lambda calls `exception`.
std::string_view logs_exception(std::string_view exception, int status) {
  if (exception == "ValidationException" || exception == "InvalidParameterValueException") {
    return "InvalidParameterException";
  }
  if (exception == "TooManyRequestsException") return "ThrottlingException";
  if (exception == "ServiceException") {
    return status == 503 ? "ServiceUnavailableException" : "InternalFailure";
  }
  return exception;
}

}  // namespace

http::Response in_json_protocol(http::Response response) {
  constexpr std::string_view kType = "application/x-amz-json-1.1";
  const bool is_refusal = response.status >= 400;
  http::Response out(is_refusal && response.status < 500 ? 400 : response.status);
  out.headers.add("Content-Type", kType);
  out.wants_close = response.wants_close;
  out.body = std::move(response.body);
  if (!is_refusal) return out;
  const auto exception =
      logs_exception(response.header("x-amzn-errortype").value_or(""), response.status);
  boost::system::error_code failed;
  const auto old = boost::json::parse(out.body, failed);
  const auto* const members = failed ? nullptr : old.if_object();
  boost::json::object body;
  body["__type"] = exception;
  for (const char* key : {"message", "Message"}) {
    const auto* text = members == nullptr ? nullptr : members->if_contains(key);
    if (text != nullptr) body["message"] = *text;
  }
  out.headers.add("x-amzn-errortype", exception);
  out.body = boost::json::serialize(body);
  return out;
}

http::Response json_response(int status, std::string body) {
  http::Response response(status);
  response.headers.add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

http::Response fault_response(Fault fault, std::string_view message) {
  return make(shape_of(fault), message, "");
}

http::Response error_response(const Error& error) {
  const Fault fault = fault_of(error);
  if (fault != Fault::throttled) return fault_response(fault, error.message());
  // Lambda's Reason, e.g. ConcurrentInvocationLimitExceeded; behind a colon what our host lacks.
  const std::string_view text = error.message();
  const auto colon = text.find(": ");
  http::Response response = make(shape_of(fault), "Rate Exceeded.", text.substr(0, colon));
  response.headers.add("Retry-After", "1");
  if (colon != std::string_view::npos) {
    response.headers.add("X-Proa-Reason", text.substr(colon + 2));
  }
  return response;
}

std::optional<http::Response> refusal(const Problems& problems) {
  if (problems.mismatch_text()) {
    return fault_response(Fault::serialization, *problems.mismatch_text());
  }
  if (problems.empty()) return std::nullopt;
  return fault_response(Fault::validation, problems.text());
}

http::Response body_too_large(std::string_view action, std::uint64_t limit) {
  return fault_response(Fault::request_too_large, "Request must be smaller than " +
                                                      std::to_string(limit) + " bytes for the " +
                                                      std::string(action) + " operation");
}

}  // namespace proa::api
