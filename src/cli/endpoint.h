// One request to the daemon. Private to cli/.
#pragma once

#include "cli/cli.h"
#include "http/http.h"

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace proa::cli {

/// Host and port behind an endpoint's URL.
struct Endpoint {
  std::string host;  ///< without brackets
  std::uint16_t port = 80;
};

/// "http://HOST[:PORT][/]". Errc: invalid, unsupported (https).
Result<Endpoint> parse_endpoint(std::string_view url);

/// Sends a request, signed where there is a key, and gives the JSON of the answer (null when it is
/// empty). Blocks for up to a minute. Errc: unavailable, deadline, and by the status of the answer
/// not_found, conflict, denied, invalid, internal; the message is the daemon's, with what to do.
Result<boost::json::value> ask(const Surroundings& surroundings, std::string_view method,
                               const std::string& target, std::string body = {});

/// The message for an answer that is no success.
Error error_of(const http::Response& response, bool is_signed);

/// Appends "&name=value" to a target that has its '?', percent-encoded; nothing for no value.
void add_parameter(std::string& target, std::string_view name, std::string_view value);

}  // namespace proa::cli
