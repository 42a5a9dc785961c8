// Dispatch: from a named function and an event to an environment, and back with the answer.
//
// Nouns: Dispatcher (one a shard), Slot (permission to run one call: a lease on concurrency),
// EventQueue (asynchronous calls, one a daemon), DeadLetter (one that was given up). api calls it;
// it calls catalog (what to run), pool (where to run it), storage (what waits). A Dispatcher runs
// on its shard's io_context; nothing is shared on the path of a warm call but atomic counters.
// Long documents: docs/flows/invoke.md, docs/flows/events.md.
#pragma once

#include "base/decision_record.h"
#include "base/task.h"
#include "model/function_ref.h"
#include "model/invocation.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace proa::dispatch {

/// Runs calls. Owned by its shard; every member is called on the shard's executor.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  /// Runs the function and waits for its answer. A failure of function code is a value.
  /// Errc: not_found ("Function not found: ARN"), throttled (message is Lambda's Reason, e.g.
  /// "ConcurrentInvocationLimitExceeded", and where the host is short a colon and of what),
  /// exhausted (no environment can be made), unavailable
  /// (the launcher is gone), internal.
  virtual Task<model::InvocationResult> invoke(model::FunctionRef ref,
                                               model::Invocation invocation) = 0;
  /// What invoke() would decide for a call that came now: admission, interpreter, environment. Runs
  /// nothing. Errc: not_found, as invoke().
  virtual Result<std::vector<DecisionRecord>> explain(const model::FunctionRef& ref) = 0;
};

/// An asynchronous call that was given up. It is kept until somebody runs it again or removes it.
struct DeadLetter {
  std::uint64_t id = 0;
  std::string function_arn;  ///< with the qualifier that was asked for
  std::string request_id;
  std::string condition;  ///< "RetriesExhausted", "EventAgeExceeded", "FunctionNotFound" ...
  std::string reason;     ///< the same in words, where there are some
  std::uint32_t attempts = 0;
  WallTime accepted;
  WallTime died;
  std::string function_error;  ///< of the last attempt; empty: none, or it has not run
  std::string response;        ///< its answer as far as it was kept
  std::string payload;         ///< the event; empty in lists
  std::uint64_t size = 0;      ///< bytes on the disk
};

/// What the queue holds and has done since the daemon began.
struct EventCounts {
  std::uint64_t waiting = 0;
  std::uint64_t running = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t dead_letter_bytes = 0;
  std::uint64_t accepted = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;   ///< given up: to a destination or a dead letter
  std::uint64_t retried = 0;  ///< attempts that ended in an error and were not the last
  /// For how long the one that waits longest has been due; 0: none is.
  std::chrono::milliseconds delay{0};
};

/// Takes asynchronous calls and answers for them from then on: each ends in success, in its
/// function's destination, or as a dead letter, and runs once at least. Every member may be awaited
/// on any executor and comes back to it.
class EventQueue {
 public:
  virtual ~EventQueue() = default;
  /// The event is on the disk when it returns. Errc: not_found (as Dispatcher::invoke()),
  /// unavailable (the queue's file cannot be used, or the daemon stops), exhausted (disk full, or
  /// nearly), os.
  virtual Task<void> accept(model::FunctionRef ref, model::Invocation invocation) = 0;
  /// What to list: dead letters of an account and region behind id `after`.
  struct Selection {
    model::Scope scope;
    std::string function;  ///< its name; empty: of all functions
    std::uint64_t after = 0;
    std::size_t max = 0;
  };
  /// In the order of their ids, without payloads.
  virtual Task<std::vector<DeadLetter>> dead_letters(Selection selection) = 0;
  /// Errc: not_found, also when it is another account's.
  virtual Task<DeadLetter> dead_letter(model::Scope scope, std::uint64_t id) = 0;
  /// Makes it an event like a new one, with the same request id. Errc: not_found.
  virtual Task<void> rerun(model::Scope scope, std::uint64_t id) = 0;
  /// Errc: not_found.
  virtual Task<void> forget(model::Scope scope, std::uint64_t id) = 0;
  virtual Task<EventCounts> counts() = 0;
};

}  // namespace proa::dispatch
