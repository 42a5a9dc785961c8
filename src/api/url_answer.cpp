// What a function URL's caller gets:
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads (responses)
#include "api/host_name.h"
#include "api/url_request.h"
#include "base/encoding.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr int kStatusLeast = 200;
constexpr int kStatusMost = 599;

/// Fields that are the connection's (RFC 9110 section 7.6.1) or that the server writes: they come
/// under another name, as on Lambda.
constexpr auto kOfConnection = std::to_array<std::string_view>(
    {"connection", "content-length", "date", "keep-alive", "proxy-authenticate", "proxy-connection",
     "te", "trailer", "transfer-encoding", "upgrade"});

bool is_of_connection(std::string_view name) {
  return std::any_of(kOfConnection.begin(), kOfConnection.end(),
                     [name](std::string_view one) { return equals_ignoring_case(one, name); });
}

/// RFC 9110 section 5.6.2
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const bool is_alnum =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_alnum || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

/// A number, or one in a string; 0 for all else.
int status_of(const json::value& value) {
  int status = 0;
  if (value.is_string()) {
    const json::string& text = value.get_string();
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, status);
    return read.ec == std::errc() && read.ptr == end ? status : 0;
  }
  json::error_code failed;
  if (value.is_number()) status = value.to_number<int>(failed);
  return failed ? 0 : status;
}

/// A string as it is, a number or a boolean as JSON has it; nothing for what no field can hold.
std::optional<std::string> text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_number() || value.is_bool()) return json::serialize(value);
  return std::nullopt;
}

bool add_headers(const json::value& headers, http::Response& response) {
  if (headers.is_null()) return true;
  if (!headers.is_object()) return false;
  for (const auto& item : headers.get_object()) {
    const std::string_view name(item.key().data(), item.key().size());
    if (item.value().is_null()) continue;
    const auto value = text_of(item.value());
    if (!is_token(name) || !value) return false;
    response.headers.add(
        is_of_connection(name) ? "x-amzn-Remapped-" + std::string(name) : std::string(name),
        *value);
  }
  return true;
}

bool add_cookies(const json::value& cookies, http::Response& response) {
  if (cookies.is_null()) return true;
  if (!cookies.is_array()) return false;
  for (const auto& cookie : cookies.get_array()) {
    if (!cookie.is_string()) return false;
    response.headers.add("Set-Cookie", std::string_view(cookie.get_string()));
  }
  return true;
}

const json::value& member(const json::object& object, std::string_view name) {
  static const json::value kNull;
  const json::value* const found = object.if_contains(name);
  return found == nullptr ? kNull : *found;
}

bool set_body(const json::object& answer, http::Response& response) {
  const json::value& body = member(answer, "body");
  if (body.is_null()) return true;
  response.body = body.is_string() ? std::string(body.get_string()) : json::serialize(body);
  const json::value& encoded = member(answer, "isBase64Encoded");
  if (!encoded.is_bool() || !encoded.get_bool()) return true;
  auto bytes = from_base64(response.body);
  if (!bytes) return false;
  response.body = std::move(*bytes);
  return true;
}

}  // namespace

std::optional<http::Response> to_response(std::string payload) {
  json::error_code failed;
  const json::value value = json::parse(payload, failed);
  const bool is_answer = !failed && value.is_object() && value.get_object().contains("statusCode");
  http::Response response(200);
  if (!is_answer) {
    response.headers.add("Content-Type", "application/json");
    response.body = std::move(payload);
    return response;
  }
  const json::object& answer = value.get_object();
  response.status = status_of(member(answer, "statusCode"));
  if (response.status < kStatusLeast || response.status > kStatusMost) return std::nullopt;
  if (!add_headers(member(answer, "headers"), response)) return std::nullopt;
  if (!add_cookies(member(answer, "cookies"), response)) return std::nullopt;
  if (!set_body(answer, response)) return std::nullopt;
  if (!response.header("Content-Type")) response.headers.add("Content-Type", "application/json");
  return response;
}

}  // namespace proa::api
