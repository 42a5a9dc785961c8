#include "api/cors.h"

#include "api/host_name.h"

#include <algorithm>
#include <string>

namespace proa::api {
namespace {

constexpr std::string_view kBegin = "Access-Control-";

bool has(const std::optional<std::vector<std::string>>& list, std::string_view text) {
  return list && std::any_of(list->begin(), list->end(), [text](const std::string& one) {
           return one == "*" || equals_ignoring_case(one, text);
         });
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out.append(out.empty() ? "" : ",").append(text);
  return out;
}

bool is_for_all(const model::UrlCors& cors) {
  return cors.allow_origins && std::find(cors.allow_origins->begin(), cors.allow_origins->end(),
                                         "*") != cors.allow_origins->end();
}

/// Who may read the answer. False: this origin may not. With credentials "*" would not do.
bool add_origin(const http::Request& request, const model::UrlCors& cors,
                http::Response& response) {
  const auto origin = request.headers.find("Origin");
  if (!origin || !has(cors.allow_origins, *origin)) return false;
  const bool has_credentials = cors.allow_credentials.value_or(false);
  const bool is_any = is_for_all(cors) && !has_credentials;
  response.headers.add("Access-Control-Allow-Origin", is_any ? std::string_view("*") : *origin);
  if (!is_any) response.headers.add("Vary", "Origin");
  if (has_credentials) response.headers.add("Access-Control-Allow-Credentials", "true");
  return true;
}

}  // namespace

bool is_preflight(const http::Request& request) {
  return request.method == "OPTIONS" && request.headers.find("Origin") &&
         request.headers.find("Access-Control-Request-Method");
}

http::Response preflight_answer(const http::Request& request, const model::UrlCors& cors) {
  http::Response response(200);
  if (!add_origin(request, cors, response)) return response;
  if (cors.allow_methods) {
    response.headers.add("Access-Control-Allow-Methods", joined(*cors.allow_methods));
  }
  if (cors.allow_headers) {
    response.headers.add("Access-Control-Allow-Headers", joined(*cors.allow_headers));
  }
  if (cors.max_age) {
    response.headers.add("Access-Control-Max-Age", std::to_string(cors.max_age->count()));
  }
  return response;
}

void apply_cors(const http::Request& request, const model::UrlCors& cors,
                http::Response& response) {
  http::Headers kept;
  for (std::size_t i = 0; i < response.headers.size(); ++i) {
    const auto [name, value] = response.headers.at(i);
    if (!equals_ignoring_case(name.substr(0, kBegin.size()), kBegin)) kept.add(name, value);
  }
  response.headers = std::move(kept);
  if (!add_origin(request, cors, response) || !cors.expose_headers) return;
  response.headers.add("Access-Control-Expose-Headers", joined(*cors.expose_headers));
}

}  // namespace proa::api
