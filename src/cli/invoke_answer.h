// The answer to a call, for people and for programs. Private to cli/.
#pragma once

#include "cli/cli.h"
#include "http/http.h"

#include <chrono>
#include <string>
#include <string_view>

namespace proa::cli {

/// What came back for one synchronous call.
struct CallAnswer {
  std::string request_id;
  std::string executed_version;
  std::string start;                  ///< "warm", "cold" ...; "" where the daemon does not say
  std::string kernel;                 ///< guest kernel of the machine it ran in; empty: a container
  std::string error;                  ///< of the function ("Unhandled", "Handled"); "" for none
  std::string log_tail;               ///< decoded; "" when it was not asked for
  std::string payload;                ///< bytes as the function gave them
  std::chrono::microseconds took{0};  ///< as the caller saw it
};

CallAnswer call_answer(const http::Response& response, std::chrono::microseconds took);

/// One line: request id, time, start, how it went.
std::string summary(const Screen& screen, const CallAnswer& answer);

/// What a function's error says: type, message and stack, a line each; the payload where it is
/// not of Lambda's form.
std::string account_of_error(const Screen& screen, std::string_view payload);

/// One document. The payload stands in it as it came where it is JSON, else as payload_base64.
std::string json_document(const CallAnswer& answer);

}  // namespace proa::cli
