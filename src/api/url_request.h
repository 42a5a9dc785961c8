// Requests for a function URL: by host name, ID.lambda-url.REGION.localhost/..., or by path,
// /lambda-url/ID/... Private to api/.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
#pragma once

#include "http/http.h"
#include "model/function_ref.h"
#include "model/function_url.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proa::api {

/// What a request asks of which URL; views into the request.
struct UrlRequest {
  std::string_view id;
  std::string_view region;  ///< as the host name says; empty by path
  std::string_view path;    ///< raw, begins with '/'; what the function sees
};

/// Nothing where the request is for no function URL.
std::optional<UrlRequest> find_url_request(const http::Request& request);

/// The address to tell of a URL, as whoever sent `request` can reach it: by host name where
/// that has a name (or is this machine), by path where it has a number only.
std::string url_address(const http::Request& request, const model::FunctionUrl& url,
                        std::string_view region);

/// Who called a URL; empty where nobody knows (auth type NONE).
struct UrlCaller {
  std::string account_id;
  std::string principal;  ///< its ARN
  std::string key_id;
};

/// The event of a call, in Lambda's payload format 2.0.
struct UrlEvent {
  const http::Request& request;
  const UrlRequest& target;
  const UrlCaller& caller;
  std::string_view request_id;
  std::string_view trace_id;
  std::int64_t time_ms = 0;  ///< since 1970
};
std::string to_payload(const UrlEvent& event);

/// What the function answered, as HTTP. Nothing where it is no answer: a status or header that
/// cannot be, a body that is not the base64 it says it is.
std::optional<http::Response> to_response(std::string payload);

}  // namespace proa::api
