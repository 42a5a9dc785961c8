// What becomes of an asynchronous call after each attempt. Pure decisions; private to dispatch/.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
#pragma once

#include "base/result.h"
#include "dispatch/event.h"
#include "model/event_invoke_config.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace proa::dispatch {

/// What holds for the events of a function now (PutFunctionEventInvokeConfig, or Lambda's
/// defaults).
struct EventRules {
  /// After the first attempt.
  std::uint32_t retries_max = model::EventInvokeConfig::kRetriesMaxDefault;
  /// Since it was accepted.
  std::chrono::seconds age_max = model::EventInvokeConfig::kAgeMaxDefault;
  std::chrono::milliseconds retry_delay{60'000};  ///< before the first retry; doubles
  std::string on_success;                         ///< ARN of a function, or empty
  std::string on_failure;
  bool is_paused = false;  ///< the function's reserved concurrency is 0
};

/// Why an event ends without success.
namespace condition {
inline constexpr std::string_view kRetriesExhausted = "RetriesExhausted";
inline constexpr std::string_view kEventAgeExceeded = "EventAgeExceeded";
inline constexpr std::string_view kFunctionNotFound = "FunctionNotFound";
/// The function may not run at all: as on Lambda, its events do not wait for another time.
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
inline constexpr std::string_view kZeroReservedConcurrency = "ZeroReservedConcurrency";
/// Proa, or the machine, ended again and again while it ran.
inline constexpr std::string_view kInterrupted = "Interrupted";
/// No interpreter here can run the function.
inline constexpr std::string_view kUnsupported = "Unsupported";
/// Records of records of records: destinations send to each other in a circle.
inline constexpr std::string_view kDestinationLoop = "DestinationLoop";
}  // namespace condition

/// What is to be done with an event.
struct Course {
  enum class Step {
    finish,   ///< it has succeeded
    repeat,   ///< it has failed and is due again at `due`
    wait,     ///< it has not run: there was no room
    give_up,  ///< it has failed for good, by `condition`
  };
  Step step = Step::finish;
  WallTime due;
  std::string_view condition = {};
  std::string reason = {};
};

/// Times that an event may be cut off by the end of the daemon before it is held to be the cause.
inline constexpr std::uint32_t kInterruptionsMax = 5;

/// Destinations that may follow each other. Lambda stops such circles after 16 calls, too:
/// https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
inline constexpr std::uint32_t kHopsMax = 16;

/// Before an attempt: whether there must not be another. finish: go on.
Course course_before(const Event& event, const EventRules& rules, std::uint32_t interruptions,
                     WallTime now);
/// After one; notes in `event` what it ended in.
Course course_after(Event& event, const EventRules& rules,
                    const Result<model::InvocationResult>& result, WallTime now);

/// The record that a destination gets, as Lambda writes it. Of what would make it longer than an
/// event can be (6 MiB) the response is left out.
/// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
std::string destination_record(const Event& event, std::string_view condition, WallTime now);

}  // namespace proa::dispatch
