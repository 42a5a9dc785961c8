// Invoke: one call in this environment.
#include "environment/environment.h"
#include "environment/failure.h"

#include <array>
#include <cstdio>
#include <utility>

namespace proa::environment {
namespace {

// A runtime that closed its link is about to end; one that is not gets no more than this.
constexpr auto kExitLimit = std::chrono::seconds(1);

std::chrono::microseconds since(SteadyTime begin, SteadyTime end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - begin);
}

double milliseconds(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1000.0;
}

}  // namespace

Task<model::InvocationResult> Environment::invoke(const model::Invocation& invocation,
                                                  model::Start start) {
  if (state_ == State::frozen) {
    CO_TRY(sandbox_->thaw());
    change(State::assigned);
  }
  change(State::running);
  std::optional<model::InvocationResult> result;
  std::optional<SteadyTime> repeated_at;
  auto ready = co_await renew_if_exited();
  if (is_initialised_) forget_output(invocation);
  if (ready && !is_initialised_) {
    auto report = co_await initialise(invocation);
    if (report) {
      init_duration_ = report.value().duration;
      repeated_at = report.value().repeated_at;
      is_initialised_ = !report.value().failure;
      log_first_call(report.value(), start);
      result = std::move(report.value().failure);
    } else {
      ready = report.error();
    }
  }
  if (!ready) {
    change(State::assigned);
    needs_reset_ = true;
    co_return Error(Errc::unavailable, ready.error().message());
  }
  write_start(invocation);
  const SteadyTime now = parts_.clock.steady_now();
  const SteadyTime begin = repeated_at.value_or(now);
  if (!result) {
    pin_.call_begins(now);
    const SteadyTime deadline = begin + function_->timeout;
    if (endpoint_) endpoint_->set_trace(invocation.trace_id);
    auto outcome =
        co_await session_->call(invocation, parts_.clock.wall_now() + (deadline - now), deadline);
    if (endpoint_) endpoint_->set_trace({});
    if (const int late = session_->late_answers(); late > 0) {
      log_.warn("late_answers", {{"request_id", invocation.request_id}, {"count", late}});
    }
    if (auto* answered = std::get_if<runtime_api::Answered>(&outcome)) {
      result.emplace();
      result->payload = std::move(answered->payload);
    } else {
      result = co_await failed(outcome, invocation);
    }
  }
  const SteadyTime end = parts_.clock.steady_now();
  pin_.call_ended(end);
  result->duration = since(begin, end);
  result->init_duration = std::exchange(init_duration_, std::chrono::microseconds(0));
  result->start = start;
  result->environment_id = id_;
  result->runtime_identity = runtime_identity_;
  result->executed_version = function_->version;
  if (invocation.wants_log_tail) write_report(invocation, *result);
  change(State::assigned);
  co_return std::move(*result);
}

// What the caller gets when the function did not answer; marks what must be cleaned up.
boost::asio::awaitable<model::InvocationResult> Environment::failed(
    const runtime_api::CallOutcome& outcome, const model::Invocation& invocation) {
  model::InvocationResult result;
  result.function_error = "Unhandled";
  if (const auto* reported = std::get_if<runtime_api::Failed>(&outcome)) {
    result.payload = reported->error_json;
    result.failure = is_initialised_ ? model::FailureKind::exception : model::FailureKind::init;
    // A failed initialisation ends the runtime; a thrown error of the handler does not.
    needs_reset_ = !is_initialised_ || reported->is_last;
    co_return result;
  }
  if (std::holds_alternative<runtime_api::AnswerTooLarge>(outcome)) {
    result.payload =
        platform_error("Function.ResponseSizeTooLarge", invocation.request_id, too_large_text());
    result.failure = model::FailureKind::response_size;
    co_return result;
  }
  needs_reset_ = true;
  if (const auto* broke = std::get_if<runtime_api::BrokeProtocol>(&outcome)) {
    log_.warn("protocol_broken", {{"request_id", invocation.request_id}, {"reason", broke->what}});
  }
  if (std::holds_alternative<runtime_api::TimedOut>(outcome)) {
    result.payload =
        platform_error("Sandbox.Timedout", invocation.request_id, timeout_text(function_->timeout));
    result.failure = model::FailureKind::timeout;
  } else if (const auto* broke = std::get_if<runtime_api::BrokeProtocol>(&outcome)) {
    result.payload = platform_error("Runtime.Unknown", invocation.request_id,
                                    "Runtime broke the protocol: " + broke->what);
    result.failure = model::FailureKind::protocol;
  } else {
    const auto exit = co_await describe_exit();
    result.payload = platform_error(exit.type, invocation.request_id, exit.text);
    result.failure =
        was_killed_for_memory() ? model::FailureKind::out_of_memory : model::FailureKind::exit;
  }
  co_return result;
}

// The kernel counts each process that it killed in the control group; one of them was the runtime
// or what it could not go on without.
bool Environment::was_killed_for_memory() {
  const std::uint64_t before = std::exchange(oom_kills_, sandbox_->oom_kills());
  return oom_kills_ > before;
}

boost::asio::awaitable<ExitDescription> Environment::describe_exit() {
  const auto exit = co_await sandbox_->runtime_exit(parts_.clock.steady_now() + kExitLimit);
  co_return describe(exit ? exit.value() : sandbox::RuntimeExit{}, entrypoint_);
}

void Environment::log_first_call(const InitReport& report, model::Start start) const {
  const auto level = report.failure ? telemetry::Level::warn : telemetry::Level::info;
  log_.log(level, report.failure ? "init_failed" : "environment_started",
           {{"runtime", function_->runtime},
            {"interpreter", runtime_identity_},
            {"start", model::to_string(start)},
            {"init_us", report.duration.count()},
            {"is_init_repeated", report.repeated_at.has_value()}});
}

// What earlier calls printed and nobody asked for is not of this call.
void Environment::forget_output(const model::Invocation& invocation) {
  if (!invocation.wants_log_tail) return;
  output_.drain();
  output_.take_tail();
}

void Environment::write_start(const model::Invocation& invocation) {
  if (!invocation.wants_log_tail) return;
  output_.drain();
  output_.add_platform_line("START RequestId: " + invocation.request_id +
                            " Version: " + function_->version + "\n");
}

void Environment::write_report(const model::Invocation& invocation,
                               model::InvocationResult& result) {
  output_.drain();
  const Bytes peak = sandbox_->memory_peak().value_or(Bytes());
  result.max_memory_used = peak;
  const auto billed =
      std::chrono::ceil<std::chrono::milliseconds>(result.duration + result.init_duration);
  std::array<char, 512> text{};
  int size = std::snprintf(text.data(), text.size(),
                           "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %lld ms\t"
                           "Memory Size: %u MB\tMax Memory Used: %llu MB\t",
                           invocation.request_id.c_str(), milliseconds(result.duration),
                           static_cast<long long>(billed.count()), function_->memory_mib,
                           static_cast<unsigned long long>(peak.mib_ceil()));
  if (result.init_duration.count() != 0) {
    size += std::snprintf(text.data() + size, text.size() - static_cast<std::size_t>(size),
                          "Init Duration: %.2f ms\t", milliseconds(result.init_duration));
  }
  output_.add_platform_line("END RequestId: " + invocation.request_id + "\n");
  output_.add_platform_line(std::string(text.data(), static_cast<std::size_t>(size)) + "\n");
  result.log_tail = output_.take_tail();
}

}  // namespace proa::environment
