// Dispatch: from a named function and an event to an environment, and back with the answer.
//
// Nouns: Dispatcher (one a shard), Slot (permission to run one call: a lease on concurrency). api
// calls it; it calls catalog (what to run), pool (where to run it). Runs on its shard's
// io_context; nothing is shared on the path of a warm call but atomic counters.
// Long document: docs/flows/invoke.md.
#pragma once

#include "base/task.h"
#include "model/function_ref.h"
#include "model/invocation.h"

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
};

}  // namespace proa::dispatch
