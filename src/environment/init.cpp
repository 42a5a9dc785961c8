// Init: the function's own initialisation, before its first event.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
#include "environment/environment.h"
#include "environment/failure.h"
#include "environment/function_variables.h"

namespace proa::environment {
namespace {

constexpr auto kInitLimit = std::chrono::seconds(10);

std::chrono::microseconds since(SteadyTime begin, SteadyTime end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - begin);
}

}  // namespace

// After a failed call the runtime's processes are gone; the next call starts them again.
Task<void> Environment::ensure_runtime() {
  if (session_) co_return ok();
  co_return co_await start_runtime();
}

// Lambda initialises with a limit of 10 s; when that fails it repeats the initialisation once
// within the first call, under the function's own time-out, and that one's failure is the call's
// answer.
boost::asio::awaitable<Environment::InitReport> Environment::initialise(
    const model::Invocation& invocation) {
  runtime_api::Configuration configuration;
  configuration.handler = function_->handler;
  configuration.environment = function_variables(*function_, log_stream_, program_.variables);
  InitReport report;
  const SteadyTime begin = parts_.clock.steady_now();
  auto outcome = co_await session_->init(configuration, begin + kInitLimit);
  report.duration = since(begin, parts_.clock.steady_now());
  if (!std::holds_alternative<runtime_api::Ready>(outcome)) {
    change(State::resetting);
    session_.reset();
    auto again = co_await sandbox_->kill_runtime();
    if (again) again = co_await start_runtime();
    if (again) {
      change(State::assigned);
      change(State::running);
      const SteadyTime deadline = parts_.clock.steady_now() + function_->timeout;
      outcome = co_await session_->init(std::move(configuration), deadline);
    }
  }
  if (std::holds_alternative<runtime_api::Ready>(outcome)) co_return report;
  if (state_ == State::resetting) {
    change(State::assigned);
    change(State::running);
  }
  const auto as_call = std::visit(
      [](auto&& part) -> runtime_api::CallOutcome {
        if constexpr (std::is_same_v<std::decay_t<decltype(part)>, runtime_api::Ready>) {
          return runtime_api::Gone{};
        } else {
          return std::forward<decltype(part)>(part);
        }
      },
      std::move(outcome));
  report.failure = co_await failed(as_call, invocation);
  co_return report;
}

}  // namespace proa::environment
