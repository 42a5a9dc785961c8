// A request for a function URL as the function gets it:
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
#include "api/host_name.h"
#include "api/url_request.h"
#include "base/encoding.h"
#include "base/utf8.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace proa::api {
namespace {

namespace json = boost::json;

/// What one signed with stays here: the function has nothing to verify, and could repeat it.
constexpr auto kOfSignature =
    std::to_array<std::string_view>({"authorization", "x-amz-security-token"});

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

void append_with_comma(json::object& object, std::string_view key, std::string_view value) {
  const auto [member, is_new] = object.emplace(key, value);
  if (!is_new) member->value().as_string().append(",").append(value);
}

/// The address without port and brackets; a Unix socket is this machine.
std::string_view address_of(std::string_view remote) {
  if (remote == "unix") return "127.0.0.1";
  if (remote.starts_with("[")) return remote.substr(1, remote.find(']') - 1);
  return remote.substr(0, remote.find(':'));
}

std::string_view port_of(std::string_view host, bool is_tls) {
  const std::size_t colon = host.find(':', host_name(host).size());
  if (colon != std::string_view::npos) return host.substr(colon + 1);
  return is_tls ? "443" : "80";
}

json::object headers_of(const UrlEvent& event, bool is_signed) {
  json::object headers;
  const http::Headers& given = event.request.headers;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto [name, value] = given.at(i);
    const std::string key = to_utf8(lower(name));
    const bool is_secret =
        is_signed && std::find(kOfSignature.begin(), kOfSignature.end(), key) != kOfSignature.end();
    if (key == "cookie" || key == "x-amzn-trace-id" || is_secret) continue;
    append_with_comma(headers, key, to_utf8(value));
  }
  append_with_comma(headers, "x-forwarded-for", address_of(event.request.remote_address));
  headers["x-forwarded-proto"] = event.request.is_tls ? "https" : "http";
  headers["x-forwarded-port"] = port_of(given.find("Host").value_or(""), event.request.is_tls);
  headers["x-amzn-trace-id"] = event.trace_id;
  return headers;
}

json::array cookies_of(const http::Request& request) {
  json::array cookies;
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    auto [name, rest] = request.headers.at(i);
    if (!equals_ignoring_case(name, "cookie")) continue;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view cookie = rest.substr(0, end);
      while (cookie.starts_with(" ")) cookie.remove_prefix(1);
      if (!cookie.empty()) cookies.emplace_back(to_utf8(cookie));
      rest.remove_prefix(std::min(rest.size(), end + 1));
    }
  }
  return cookies;
}

json::object query_of(const http::Request& request) {
  json::object query;
  for (const auto& [name, value] : request.query) {
    append_with_comma(query, to_utf8(name), to_utf8(value));
  }
  return query;
}

/// "12/Mar/2020:19:03:58 +0000"
std::string common_log_time(std::int64_t time_ms) {
  const auto seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm parts = {};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text = {};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%d/%b/%Y:%H:%M:%S +0000", &parts);
  return std::string(text.data(), size);
}

json::object http_of(const UrlEvent& event) {
  const http::Request& request = event.request;
  json::object http{{"method", request.method},
                    {"path", to_utf8(event.target.path)},
                    {"protocol", request.version == 10 ? "HTTP/1.0" : "HTTP/1.1"},
                    {"sourceIp", address_of(request.remote_address)}};
  if (const auto agent = request.headers.find("User-Agent")) {
    http.emplace("userAgent", to_utf8(*agent));
  }
  return http;
}

json::object authorizer_of(const UrlCaller& caller) {
  return json::object{{"iam", json::object{{"accessKey", caller.key_id},
                                           {"accountId", caller.account_id},
                                           {"callerId", caller.key_id},
                                           {"cognitoIdentity", nullptr},
                                           {"principalOrgId", nullptr},
                                           {"userArn", caller.principal},
                                           {"userId", caller.key_id}}}};
}

json::object context_of(const UrlEvent& event) {
  const std::string_view host = event.request.headers.find("Host").value_or("");
  const bool is_known = !event.caller.account_id.empty();
  json::object context{
      {"accountId", is_known ? std::string_view(event.caller.account_id) : "anonymous"},
      {"apiId", event.target.id},
      {"authentication", nullptr},
      {"domainName", to_utf8(host_name(host))},
      {"domainPrefix", event.target.id},
      {"http", http_of(event)},
      {"requestId", event.request_id},
      {"routeKey", "$default"},
      {"stage", "$default"},
      {"time", common_log_time(event.time_ms)},
      {"timeEpoch", event.time_ms}};
  if (is_known) context.emplace("authorizer", authorizer_of(event.caller));
  return context;
}

/// Whether a body of that type is given as it is, and not in base64.
bool is_text(std::string_view content_type) {
  const std::string type = lower(content_type.substr(0, content_type.find(';')));
  constexpr auto kParts =
      std::to_array<std::string_view>({"json", "xml", "javascript", "x-www-form-urlencoded"});
  return type.starts_with("text/") ||
         std::any_of(kParts.begin(), kParts.end(), [&type](std::string_view part) {
           return type.find(part) != std::string::npos;
         });
}

}  // namespace

std::string to_payload(const UrlEvent& event) {
  const http::Request& request = event.request;
  const std::size_t question = request.target.find('?');
  json::object payload{
      {"version", "2.0"},
      {"routeKey", "$default"},
      {"rawPath", to_utf8(event.target.path)},
      {"rawQueryString", question == std::string::npos
                             ? std::string()
                             : to_utf8(std::string_view(request.target).substr(question + 1))},
      {"headers", headers_of(event, !event.caller.account_id.empty())},
      {"requestContext", context_of(event)}};
  auto cookies = cookies_of(request);
  if (!cookies.empty()) payload.emplace("cookies", std::move(cookies));
  if (!request.query.empty()) payload.emplace("queryStringParameters", query_of(request));
  const bool is_plain =
      request.body.empty() ||
      (is_text(request.headers.find("Content-Type").value_or("")) && is_utf8(request.body));
  if (!request.body.empty()) {
    payload.emplace("body", is_plain ? request.body : to_base64(request.body));
  }
  payload.emplace("isBase64Encoded", !is_plain);
  return json::serialize(payload);
}

}  // namespace proa::api
