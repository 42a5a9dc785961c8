// What the platform writes into a function's log: INIT_START, START, END, REPORT, INIT_REPORT, or
// platform.start, platform.report ... in format JSON. Part of logs/'s public face, through logs.h.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
#pragma once

#include "logs/call_record.h"
#include "model/logging_config.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace proa::logs {

/// A request id in its 16 bytes; all zero: none.
using RequestId = std::array<std::byte, 16>;
/// The bytes of a UUID's text; none when it is no UUID.
RequestId parse_request_id(std::string_view text);
/// In lower case, with dashes.
std::string to_string(const RequestId& id);

/// An initialisation that failed, in the words of Lambda's INIT_REPORT.
struct FailedInit {
  std::chrono::microseconds duration{0};
  std::string phase;       ///< "init", or "invoke" when it was repeated with a call
  std::string status;      ///< "timeout" or "error"
  std::string error_type;  ///< "Runtime.ExitError" ...; empty: none
};

/// Makes the lines of one event, none where the level leaves it out. In format Text each ends in a
/// newline, as in CloudWatch.
struct PlatformLines {
  bool is_json = false;
  /// Of JSON: DEBUG, INFO or WARN. Text has everything.
  model::LogLevel system_level = model::LogLevel::info;
  WallTime time;
  RequestId request{};
  std::string_view version;  ///< of the function

  std::vector<std::string> init_began(std::string_view runtime_identity) const;
  std::vector<std::string> init_failed(const FailedInit& init) const;
  std::vector<std::string> call_began(std::string_view trace_id) const;
  /// Why it failed where that is the platform's to tell, END and REPORT.
  std::vector<std::string> call_ended(const CallRecord& record) const;
};

}  // namespace proa::logs
