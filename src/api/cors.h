// Cross-origin requests for function URLs (the Fetch standard, "CORS protocol"). Private to api/.
#pragma once

#include "http/http.h"
#include "model/function_url.h"

namespace proa::api {

/// Whether a browser asks if it may.
bool is_preflight(const http::Request& request);
/// The answer: with what the configuration lets this origin do, or without.
http::Response preflight_answer(const http::Request& request, const model::UrlCors& cors);
/// Puts what the configuration says into an answer, in place of what the function said of it.
void apply_cors(const http::Request& request, const model::UrlCors& cors, http::Response& response);

}  // namespace proa::api
