// One call of a function and what came of it. Value types; they travel from api through dispatch,
// pool and environment to the runtime and back.
#pragma once

#include "base/units.h"
#include "model/function.h"

#include <chrono>
#include <optional>
#include <string>

namespace proa::model {

/// Calls up to this long are short: waking a process on another processor, or one more of them,
/// costs them a tenth of their time or more (docs/decisions/0010-processor-pinning.md).
inline constexpr std::chrono::microseconds kShortCall{300};

/// How an environment for a call came to be (answer header X-Proa-Start).
enum class Start { warm, parked, restored, cold };

inline constexpr std::size_t kStarts = 4;

std::string_view to_string(Start start);

/// How function code failed; what the caller reads of it stands in the answer.
enum class FailureKind {
  exception,      ///< the handler threw, or a custom runtime reported an error
  init,           ///< the same before the first event: a module that does not load
  timeout,        ///< longer than the function's timeout
  exit,           ///< its process ended, or could not be executed
  out_of_memory,  ///< the kernel killed it at its memory size
  response_size,  ///< the answer was over 6 MiB
  protocol,       ///< its runtime broke the protocol
};
inline constexpr std::size_t kFailureKinds = 7;

/// "exception", "out_of_memory" ...
std::string_view to_string(FailureKind kind);

/// A call as the runtime will see it. Sizes were checked by api: payload at most 6 MiB.
struct Invocation {
  std::string request_id;        ///< UUID; Lambda-Runtime-Aws-Request-Id
  std::string payload;           ///< the event, raw JSON bytes
  std::string invoked_arn;       ///< with the qualifier that was asked for
  std::string trace_id;          ///< X-Amzn-Trace-Id, passed on or made by us
  std::string client_context;    ///< decoded JSON, or empty
  std::string cognito_identity;  ///< JSON, or empty
  bool wants_log_tail = false;   ///< X-Amz-Log-Type: Tail
  bool is_event = false;         ///< an attempt of an asynchronous call
};

/// What the caller gets. A crash, time-out or thrown error of function code is such a value, never
/// an Error.
struct InvocationResult {
  std::string payload;                        ///< the answer, or {errorMessage, errorType, ...}
  std::optional<std::string> function_error;  ///< "Unhandled" when the function failed
  std::optional<FailureKind> failure;         ///< set with function_error
  std::string log_tail;                       ///< last 4 KiB of the call's log, when asked for
  std::string executed_version;               ///< the number behind an alias, or "$LATEST"
  std::string environment_id;
  std::string runtime_identity;                ///< which interpreter ran, e.g. "python3.11.2"
  Isolation isolation = Isolation::container;  ///< of the environment that ran the call
  std::string kernel;                          ///< of its guest, as in "stock"; empty: the host's
  Start start = Start::warm;
  std::optional<std::size_t> other_shard;      ///< that ran it, when not the one that was asked
  std::string placement;                       ///< why there (X-Proa-Placement); empty when warm
  std::chrono::microseconds duration{0};       ///< event handed over until the answer was complete
  std::chrono::microseconds init_duration{0};  ///< cold only
  Bytes max_memory_used;
};

}  // namespace proa::model
