// Event: an asynchronous call, and what is stored of it beside its payload. Private to dispatch/.
//
// Stored form (the head of a storage::WorkItem or DeadLetter), JSON:
//   {"format": 1, "account_id", "region", "name", "qualifier" (only if given), "request_id",
//    "trace_id", "client_context", "cognito_identity", "accepted_ms": N, "attempts": N,
//    "hops" (only of destinations' events), "executed_version", "function_error", "response",
//    "condition", "reason"}
// The last five tell of the latest attempt and are absent before it. Reading accepts no unknown,
// missing or impossible member: what a newer Proa stores differently has another format number.
#pragma once

#include "base/result.h"
#include "model/function_ref.h"
#include "model/invocation.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace proa::dispatch {

/// What the latest attempt ended in.
struct LastAttempt {
  std::string executed_version;
  std::string function_error;  ///< "Unhandled", or empty
  std::string response;        ///< JSON, or empty: none, or too long to keep

  bool has_run() const { return !executed_version.empty(); }
};

/// An asynchronous call until it has ended.
struct Event {
  model::FunctionRef function;
  model::Invocation invocation;
  WallTime accepted;
  std::uint32_t attempts = 0;  ///< that ended in an error of the function
  std::uint32_t hops = 0;      ///< from destination to destination since a client sent the first
  LastAttempt last;
  std::string condition;  ///< why it was given up (dead letters)
  std::string reason;     ///< the same in words, where there are some

  /// Items of one function lie together: "ACCOUNT/REGION/NAME/".
  std::string group() const;
};

/// Responses up to this long are kept with the event; function errors are shorter.
inline constexpr std::size_t kKeptResponseMax = 64 * 1024;

/// Everything but the payload.
std::string encode_head(const Event& event);
/// Errc: corrupt, unsupported (a newer format).
Result<Event> decode_event(std::string_view head, std::string payload);

}  // namespace proa::dispatch
