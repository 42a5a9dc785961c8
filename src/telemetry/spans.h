// Spans: what a call was a part of, and how long its parts took. Recorded only where somebody
// collects them (--otlp-endpoint) and the call's trace is sampled.
#pragma once

#include "base/units.h"
#include "model/invocation.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace proa::telemetry {

/// One call of a function. A value.
struct CallSpan {
  std::string trace_id;   ///< 32 hexadecimal digits
  std::string span_id;    ///< 16
  std::string parent_id;  ///< empty: the call began the trace
  std::string account_id;
  std::string region;
  std::string function;
  std::string version;
  std::uint32_t memory_mib = 0;
  std::string environment_id;  ///< empty: no code ran
  std::string request_id;
  bool is_event = false;  ///< asynchronous
  model::Start start = model::Start::warm;
  WallTime began;  ///< admission asked for; the call's end is `took` later
  std::chrono::microseconds took{0};
  std::chrono::microseconds duration{0};       ///< of the function's own part, at the end
  std::chrono::microseconds init_duration{0};  ///< of its initialisation, right before that
  std::string init_span_id;                    ///< of the span of that
  std::string error;          ///< why it failed, e.g. "timeout", "throttled"; empty: it did not
  std::string error_message;  ///< where it is ours
};

}  // namespace proa::telemetry
