// What is known of one call when it has ended. Part of logs/'s public face, through logs.h.
#pragma once

#include "base/units.h"
#include "model/invocation.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proa::logs {

/// How a call ended, in the words of Lambda's platform.report event: the function answered; it
/// answered with an error; its runtime broke or its answer could not be taken; it took too long.
enum class CallStatus : std::uint8_t { success, failure, error, timeout };

/// "success", "failure", "error", "timeout".
std::string_view to_string(CallStatus status);

/// One call: the source of its REPORT line and of its usage record (BASE-32).
struct CallRecord {
  WallTime begin;                              ///< the event was handed to the function
  std::chrono::microseconds duration{0};       ///< from there to the end of the answer
  std::chrono::microseconds init_duration{0};  ///< 0: the environment was initialised before
  std::uint32_t memory_mib = 0;                ///< the function's limit
  Bytes max_memory_used;                       ///< the environment's peak so far; 0: unknown
  CallStatus status = CallStatus::success;
  model::Start start = model::Start::warm;
  std::string error_type;        ///< "Runtime.ExitError", "Sandbox.Timedout" ...; empty: none
  std::string error_message;     ///< the platform's words for it: "Task timed out after ..."
  std::string trace_id;          ///< X-Amzn-Trace-Id
  std::string runtime_identity;  ///< which interpreter ran, e.g. "python3.11.2"

  /// What Lambda bills: whole milliseconds, rounded up, of both durations.
  std::chrono::milliseconds billed() const;
  bool operator==(const CallRecord&) const = default;
};

}  // namespace proa::logs
