#include "dispatch/call_tracer.h"

#include "model/trace_context.h"

#include <utility>

namespace proa::dispatch {
namespace {

constexpr std::size_t kSpanIdBytes = 8;

}  // namespace

std::unique_ptr<telemetry::CallSpan> CallTracer::begin(model::Invocation& invocation) {
  auto trace = model::parse_xray_header(invocation.trace_id);
  if (!trace) return nullptr;
  if (!trace->is_sampled) {
    trace->is_sampled = model::is_in_share(trace->trace_id, options_.sample_share);
  }
  if (!*trace->is_sampled) return nullptr;
  auto span = std::make_unique<telemetry::CallSpan>();
  span->trace_id = trace->trace_id;
  span->span_id = random_.hex(kSpanIdBytes);
  span->parent_id = std::exchange(trace->parent_id, span->span_id);
  span->request_id = invocation.request_id;
  span->is_event = invocation.is_event;
  span->began = clock_.wall_now();
  invocation.trace_id = model::to_xray_header(*trace);
  return span;
}

void CallTracer::end(telemetry::CallSpan& span, const model::FunctionVersion& function,
                     const Result<model::InvocationResult>& result,
                     std::chrono::microseconds took) {
  if (spans_.size() >= options_.spans_max) {
    ++dropped_;
    return;
  }
  span.account_id = function.account_id;
  span.region = function.region;
  span.function = function.name;
  span.version = function.version;
  span.memory_mib = function.memory_mib;
  span.took = took;
  if (result) {
    const model::InvocationResult& ran = result.value();
    span.environment_id = ran.environment_id;
    span.start = ran.start;
    span.duration = ran.duration;
    span.init_duration = ran.init_duration;
    if (ran.init_duration.count() != 0) span.init_span_id = random_.hex(kSpanIdBytes);
    if (ran.failure) span.error = to_string(*ran.failure);
  } else {
    span.error = to_string(result.error().code());
    span.error_message = result.error().message();
  }
  spans_.push_back(std::move(span));
}

TakenSpans CallTracer::take() {
  TakenSpans taken;
  taken.spans = std::exchange(spans_, {});
  taken.dropped = dropped_;
  return taken;
}

}  // namespace proa::dispatch
