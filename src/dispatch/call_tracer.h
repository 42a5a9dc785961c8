// CallTracer: spans of the calls of one shard, until somebody takes them. Private to dispatch/, but
// for main, which sends them.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "model/function.h"
#include "model/invocation.h"
#include "telemetry/spans.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace proa::dispatch {

/// Spans that were taken, and how many had no room.
struct TakenSpans {
  std::vector<telemetry::CallSpan> spans;
  std::uint64_t dropped = 0;  ///< since the daemon began
};

/// Owned by its ShardDispatcher; its shard's thread only. A call whose trace is not sampled costs
/// the look at its header. Keeps so many spans at most: what comes when nobody takes them is
/// dropped and counted.
class CallTracer {
 public:
  struct Options {
    /// Of the traces of which nobody has decided: 0 to 1 are recorded.
    double sample_share = 1;
    std::size_t spans_max = 4096;
  };
  CallTracer(Clock& clock, Options options) : clock_(clock), options_(options) {}

  /// The span of a call that is recorded, else nothing. What the function calls becomes its child:
  /// the invocation's trace names it as the parent from now on.
  std::unique_ptr<telemetry::CallSpan> begin(model::Invocation& invocation);
  /// The call is over after `took`.
  void end(telemetry::CallSpan& span, const model::FunctionVersion& function,
           const Result<model::InvocationResult>& result, std::chrono::microseconds took);
  TakenSpans take();

 private:
  Clock& clock_;
  Options options_;
  RandomSource random_;
  std::vector<telemetry::CallSpan> spans_;
  std::uint64_t dropped_ = 0;
};

}  // namespace proa::dispatch
