// One request to the daemon. Private to cli/.
#pragma once

#include "cli/cli.h"
#include "http/http.h"

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proa::cli {

/// Host and port behind an endpoint's URL.
struct Endpoint {
  std::string host;  ///< without brackets
  std::uint16_t port = 80;
  bool is_tls = false;
};

/// "http://HOST[:PORT][/]", and https:// (port 443 by default). Errc: invalid.
Result<Endpoint> parse_endpoint(std::string_view url);

/// One request. Host and signature are added by send().
struct Question {
  std::string method = "GET";
  std::string target;
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::chrono::milliseconds patience = std::chrono::seconds(60);
};

/// Sends it, signed where there is a key, and gives the answer whatever its status. Blocks. Errc:
/// invalid (PROA_ENDPOINT, PROA_CA_FILE; a certificate that is not accepted, and then nothing was
/// sent), unavailable (nobody there, or gone before the answer ended), deadline,
/// corrupt (not HTTP).
Result<http::Response> send(const Surroundings& surroundings, Question question);

/// The JSON of an answer (null when it is empty). Errc: by its status not_found, conflict,
/// precondition, denied, throttled, too_large, and internal for all other refusals, the message
/// being the daemon's, with what to do; corrupt (not JSON).
Result<boost::json::value> json_of(const Surroundings& surroundings,
                                   const http::Response& response);

/// Both, with JSON as the body. Errc: theirs.
Result<boost::json::value> ask(const Surroundings& surroundings, std::string_view method,
                               const std::string& target, std::string body = {});

/// The message for an answer that is no success.
Error error_of(const http::Response& response, bool was_signed);

/// Appends "&name=value" to a target that has its '?', percent-encoded; nothing for no value.
void add_parameter(std::string& target, std::string_view name, std::string_view value);

}  // namespace proa::cli
