#include "environment/environment.h"

#include "base/check.h"

namespace proa::environment {

Environment::Environment(EnvironmentParts parts, std::optional<RuntimeProgram> program,
                         std::uint32_t tmp_mib)
    : parts_(parts),
      id_(parts_.random.hex(16)),
      program_(std::move(program)),
      sandbox_(parts_.sandboxes.make(tmp_mib)),
      pin_(parts_.pins, *sandbox_),
      output_(parts_.executor, parts_.logs),
      log_(parts_.log.with({{"environment_id", id_}})),
      tasks_(parts_.executor) {}

Environment::~Environment() {
  check(state_ == State::terminated, "an environment must be closed before it is destroyed");
}

void Environment::change(State to) {
  check(may_change(state_, to), "environment: illegal transition");
  state_ = to;
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
