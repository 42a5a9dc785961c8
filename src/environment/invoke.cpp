// Invoke: one call in this environment.
#include "environment/environment.h"
#include "environment/failure.h"
#include "environment/time_limits.h"

#include <utility>

namespace proa::environment {
namespace {

// A runtime that closed its link is about to end; one that is not gets no more than this.

logs::CallStatus status_of(const std::optional<model::FailureKind>& failure) {
  if (!failure) return logs::CallStatus::success;
  switch (*failure) {
    case model::FailureKind::exception:
    case model::FailureKind::init:
      return logs::CallStatus::failure;
    case model::FailureKind::timeout:
      return logs::CallStatus::timeout;
    default:
      return logs::CallStatus::error;
  }
}

}  // namespace

// What is a copy was not known when it was asked for.
model::Start Environment::start_of(model::Start asked) const {
  const bool is_copy = asked == model::Start::cold && sandbox_->is_restored();
  return is_copy ? model::Start::restored : asked;
}

Task<model::InvocationResult> Environment::invoke(const model::Invocation& invocation,
                                                  model::Start start) {
  if (state_ == State::frozen) {
    CO_TRY(sandbox_->thaw());
    change(State::assigned);
  }
  start = start_of(start);
  // The clock is read below, before anybody could look: a warm call reads it no more often.
  change(State::running, since_);
  call_id_ = invocation.request_id;
  std::optional<model::InvocationResult> result;
  std::optional<SteadyTime> repeated_at;
  auto ready = co_await renew_if_exited();
  fault_ = {};
  if (is_initialised_) forget_output(invocation);
  if (ready && !is_initialised_) {
    since_ = parts_.clock.steady_now();
    if (!start_) start_ = start;
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
  if (!ready) co_return not_ready(ready.error());
  write_start(invocation);
  const SteadyTime now = parts_.clock.steady_now();
  const WallTime wall_now = parts_.clock.wall_now();
  const SteadyTime begin = repeated_at.value_or(now);
  since_ = begin;
  if (!result) {
    pin_.call_begins(now);
    const SteadyTime deadline = begin + function_->timeout;
    if (endpoint_) endpoint_->set_trace(invocation.trace_id);
    auto outcome = co_await session_->call(invocation, wall_now + (deadline - now), deadline);
    if (endpoint_) endpoint_->set_trace({});
    log_late_answers(invocation);
    if (auto* answered = std::get_if<runtime_api::Answered>(&outcome)) {
      result.emplace();
      result->payload = std::move(answered->payload);
    } else {
      result = co_await failed(outcome, invocation);
    }
  }
  const SteadyTime end = parts_.clock.steady_now();
  pin_.call_ended(end);
  result->duration = time_between(begin, end);
  result->start = start;
  describe_self(*result);
  write_report(invocation, wall_now - (now - begin), end, *result);
  change(State::assigned, end);
  call_id_.clear();
  ++calls_;
  co_return std::move(*result);
}

// Nothing of the call ran: it may be tried in another one.
Error Environment::not_ready(const Error& reason) {
  change(State::assigned);
  call_id_.clear();
  needs_reset_ = true;
  return Error(Errc::unavailable, reason.message());
}

void Environment::describe_self(model::InvocationResult& result) {
  result.init_duration = std::exchange(init_duration_, std::chrono::microseconds(0));
  result.environment_id = id_;
  result.runtime_identity = runtime_identity_;
  result.executed_version = function_->version;
  result.isolation = function_->settings.isolation;
  result.kernel = sandbox_->kernel();
}

void Environment::log_late_answers(const model::Invocation& invocation) {
  const int late = session_->late_answers();
  if (late == 0) return;
  log_.warn("late_answers", {{"request_id", invocation.request_id}, {"count", late}});
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
    fault_ = {"Function.ResponseSizeTooLarge", too_large_text()};
    result.payload = platform_error(fault_.type, invocation.request_id, fault_.text);
    result.failure = model::FailureKind::response_size;
    co_return result;
  }
  needs_reset_ = true;
  if (const auto* broke = std::get_if<runtime_api::BrokeProtocol>(&outcome)) {
    log_.warn("protocol_broken", {{"request_id", invocation.request_id}, {"reason", broke->what}});
  }
  if (std::holds_alternative<runtime_api::TimedOut>(outcome)) {
    fault_ = {"Sandbox.Timedout", timeout_text(function_->timeout)};
    result.failure = model::FailureKind::timeout;
  } else if (const auto* broke = std::get_if<runtime_api::BrokeProtocol>(&outcome)) {
    fault_ = {"Runtime.Unknown", "Runtime broke the protocol: " + broke->what};
    result.failure = model::FailureKind::protocol;
  } else {
    fault_ = co_await describe_exit();
    result.failure =
        was_killed_for_memory() ? model::FailureKind::out_of_memory : model::FailureKind::exit;
  }
  result.payload = platform_error(fault_.type, invocation.request_id, fault_.text);
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

logs::PlatformLines Environment::platform_lines(WallTime time) const {
  const model::LoggingConfig& logging = function_->logging;
  const bool is_json = logging.format == model::LogFormat::json;
  return {is_json, logging.system_level, time, request_, function_->version};
}

void Environment::add_to_tail(const std::vector<std::string>& lines) {
  const bool is_json = function_->logging.format == model::LogFormat::json;
  for (const std::string& line : lines) output_.add_platform_line(is_json ? line + "\n" : line);
}

void Environment::write_start(const model::Invocation& invocation) {
  output_.end_line();  // no drain: what is in the pipe came with no call, and may go with this one
  request_ = logs::parse_request_id(invocation.request_id);
  output_.set_request(request_);
  if (parts_.logs != nullptr) {
    parts_.logs->call_began(log_stream_, request_, invocation.trace_id);
  }
  if (!invocation.wants_log_tail) return;
  add_to_tail(platform_lines(parts_.clock.wall_now()).call_began(invocation.trace_id));
}

void Environment::write_report(const model::Invocation& invocation, WallTime begin, SteadyTime end,
                               model::InvocationResult& result) {
  output_.drain();
  // A call that failed says what it used last: it may have run out of it.
  result.max_memory_used = memory_peak_.after_call(
      *sandbox_, end, result.failure ? MemoryPeak::kRunMax : result.duration);
  logs::CallRecord record;
  record.begin = begin;
  record.duration = result.duration;
  record.init_duration = result.init_duration;
  record.memory_mib = function_->memory_mib;
  record.max_memory_used = result.max_memory_used;
  record.status = status_of(result.failure);
  record.start = result.start;
  record.error_type = fault_.type;
  record.error_message = fault_.text;
  if (result.failure == model::FailureKind::out_of_memory) {
    record.error_type = "Runtime.OutOfMemory";
  }
  record.trace_id = invocation.trace_id;
  record.runtime_identity = runtime_identity_;
  if (parts_.logs != nullptr) parts_.logs->call_ended(log_stream_, request_, record);
  if (invocation.wants_log_tail) {
    add_to_tail(platform_lines(parts_.clock.wall_now()).call_ended(record));
    result.log_tail = output_.take_tail();
  }
  request_ = {};
  output_.set_request(request_);
}

}  // namespace proa::environment
