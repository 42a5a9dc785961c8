#include "environment/environment.h"

#include "base/check.h"

namespace proa::environment {

Environment::Environment(EnvironmentParts parts, std::optional<RuntimeProgram> program,
                         sandbox::SandboxSpec spec, std::optional<sandbox::ExpectedFunction> expect)
    : parts_(parts),
      id_(parts_.random.hex(16)),
      program_(std::move(program)),
      isolation_(spec.isolation),
      expected_(std::move(expect)),
      made_(parts_.clock.steady_now()),
      since_(made_),
      sandbox_(parts_.sandboxes.make(spec)),
      pin_(parts_.pins, *sandbox_),
      output_(parts_.executor, parts_.logs),
      log_(parts_.log.with({{"environment_id", id_}})),
      tasks_(parts_.executor) {}

Environment::~Environment() {
  check(state_ == State::terminated, "an environment must be closed before it is destroyed");
}

void Environment::change(State to) { change(to, parts_.clock.steady_now()); }

void Environment::change(State to, SteadyTime now) {
  check(may_change(state_, to), "environment: illegal transition");
  state_ = to;
  since_ = now;
}

model::Phase Environment::phase() const {
  switch (state_) {
    case State::provisioning:
      return model::Phase::starting;
    case State::warm:
      return function_ ? model::Phase::starting : model::Phase::parked;
    case State::assigned:
      return model::Phase::idle;
    case State::running:
      return is_initialised_ ? model::Phase::busy : model::Phase::init;
    case State::frozen:
      return model::Phase::frozen;
    case State::resetting:
      return model::Phase::resetting;
    case State::terminated:
      return model::Phase::ending;
  }
  return model::Phase::ending;
}

EnvironmentReport Environment::report() const {
  const SteadyTime now = parts_.clock.steady_now();
  const auto since = [now](SteadyTime then) {
    return std::chrono::duration_cast<std::chrono::microseconds>(now - then);
  };
  EnvironmentReport report;
  model::EnvironmentView& view = report.view;
  view.id = id_;
  view.runtime = runtime_identity_;
  view.isolation = isolation_;
  view.kernel = sandbox_->kernel();
  view.phase = phase();
  view.start = start_;
  view.age = since(made_);
  view.in_phase = since(since_);
  view.calls = calls_;
  view.request_id = call_id_;
  if (function_) {
    view.account_id = function_->account_id;
    view.region = function_->region;
    view.function = function_->name;
    view.version = function_->version;
    view.timeout = function_->timeout;
    view.memory_limit = Bytes::mib(function_->memory_mib);
  }
  report.usage = sandbox_->usage_reader();
  return report;
}

Result<void> Environment::freeze() {
  TRY(sandbox_->freeze());
  change(State::frozen);
  return ok();
}

Task<void> Environment::reset() {
  needs_reset_ = false;
  is_initialised_ = false;
  pin_.free();
  change(State::resetting);
  CO_TRY(co_await drop_runtime());
  change(State::assigned);
  co_return ok();
}

// Everything but proa-init goes; /tmp stays. The next call starts a new process.
Task<void> Environment::drop_runtime() {
  session_.reset();
  co_return co_await sandbox_->kill_runtime();
}

Task<void> Environment::close() {
  if (state_ == State::terminated) co_return ok();
  change(State::terminated);
  endpoint_.reset();
  session_.reset();
  auto closed = co_await sandbox_->close();
  if (function_) log_.info("environment_ended");
  if (!closed) log_.error("environment_not_closed", {{"reason", closed.error().message()}});
  output_.close();
  co_await tasks_.join();
  co_return closed;
}

}  // namespace proa::environment
