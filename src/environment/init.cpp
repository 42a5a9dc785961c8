// Init: the function's own initialisation, before its first event.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
#include "environment/environment.h"
#include "environment/time_limits.h"

#include <cerrno>

namespace proa::environment {
namespace {

constexpr auto kInitLimit = std::chrono::seconds(10);

runtime_api::CallOutcome as_call_outcome(runtime_api::InitOutcome outcome) {
  return std::visit(
      [](auto&& part) -> runtime_api::CallOutcome {
        if constexpr (std::is_same_v<std::decay_t<decltype(part)>, runtime_api::Ready>) {
          return runtime_api::Gone{};
        } else {
          return std::forward<decltype(part)>(part);
        }
      },
      std::move(outcome));
}

}  // namespace

// A runtime that ended while nobody called it is no failure of the next call.
Task<void> Environment::renew_if_exited() {
  if (!is_initialised_ || !sandbox_->has_runtime_exited()) co_return ok();
  is_initialised_ = false;
  co_return co_await drop_runtime();
}

// A function's share of a processor is that of its calls: on Lambda small functions, too, are
// initialised with a whole one, and what a small share makes of an interpreter's start in a
// translated machine is no start.
Task<Environment::InitReport> Environment::initialise(const model::Invocation& invocation) {
  CO_TRY(co_await sandbox_->set_processor_share(sandbox::ProcessorShare::of_start));
  CO_TRY(auto report, co_await initialise_twice(invocation));
  if (report.failure) co_return report;
  CO_TRY(co_await sandbox_->set_processor_share(sandbox::ProcessorShare::of_function));
  co_return report;
}

// Lambda initialises with a limit of 10 s; when that fails it repeats the initialisation once
// within the first call, under the function's own time-out, and that one's failure is the call's
// answer.
Task<Environment::InitReport> Environment::initialise_twice(const model::Invocation& invocation) {
  InitReport report;
  if (parts_.logs != nullptr) {
    const std::string& runtime = runtime_identity_.empty() ? program_->family : runtime_identity_;
    parts_.logs->init_began(log_stream_, runtime);
  }
  const SteadyTime begin = parts_.clock.steady_now();
  CO_TRY(auto outcome, co_await start_and_init(begin + kInitLimit));
  const auto first = time_between(begin, parts_.clock.steady_now());
  if (std::holds_alternative<runtime_api::Ready>(outcome)) {
    report.duration = first;
    co_return report;
  }
  co_await report_init(outcome, first, "init");
  CO_TRY(co_await drop_runtime());
  report.repeated_at = parts_.clock.steady_now();
  CO_TRY(auto second, co_await start_and_init(*report.repeated_at + function_->timeout));
  if (std::holds_alternative<runtime_api::Ready>(second)) co_return report;
  co_await report_init(second, time_between(*report.repeated_at, parts_.clock.steady_now()),
                       "invoke");
  report.failure = co_await failed(as_call_outcome(std::move(second)), invocation);
  co_return report;
}

// The line that Lambda writes for an initialisation that failed.
boost::asio::awaitable<void> Environment::report_init(const runtime_api::InitOutcome& outcome,
                                                      std::chrono::microseconds duration,
                                                      std::string_view phase) {
  logs::FailedInit init{duration, std::string(phase), "error", {}};
  if (std::holds_alternative<runtime_api::TimedOut>(outcome)) {
    init.status = "timeout";
  } else if (std::holds_alternative<runtime_api::Gone>(outcome)) {
    init.error_type = (co_await describe_exit()).type;
  }
  output_.drain();
  if (parts_.logs != nullptr) parts_.logs->init_failed(log_stream_, init);
  add_to_tail(platform_lines(parts_.clock.wall_now()).init_failed(init));
}

// Starts the process unless it runs, and waits until the function is initialised in it. A custom
// runtime's bootstrap may be in either of two places. Errc: as start_runtime.
Task<runtime_api::InitOutcome> Environment::start_and_init(SteadyTime deadline) {
  for (std::size_t bootstrap = 0;; ++bootstrap) {
    const bool is_own = needs_own_start(*program_, *function_);
    if (!session_) {
      const SteadyTime begin = parts_.clock.steady_now();
      CO_TRY(co_await start_runtime(bootstrap));
      // What the function has no part in takes nothing of its time.
      if (!is_own) deadline += parts_.clock.steady_now() - begin;
    }
    runtime_api::Configuration configuration;
    configuration.handler = function_->handler;
    if (!is_own) configuration.environment = variables();
    configuration.is_restored = sandbox_->is_restored();
    auto outcome = co_await session_->init(std::move(configuration), deadline);
    const bool has_next = program_->protocol == Protocol::http && !function_->image &&
                          bootstrap + 1 < std::size(kBootstraps);
    if (!has_next || !std::holds_alternative<runtime_api::Gone>(outcome)) co_return outcome;
    CO_TRY(const bool is_bootstrap_missing, co_await is_missing());
    if (!is_bootstrap_missing) co_return outcome;
    session_.reset();
  }
}

// Whether the program that was started last does not exist.
Task<bool> Environment::is_missing() {
  CO_TRY(const auto exit, co_await sandbox_->runtime_exit(parts_.clock.steady_now() + kExitLimit));
  co_return exit.exec_errno == ENOENT;
}

}  // namespace proa::environment
