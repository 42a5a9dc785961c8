// Provision and assign: from nothing to an interpreter that waits, and from there to a function.
#include "environment/environment.h"
#include "environment/function_variables.h"

namespace proa::environment {
namespace {

// Generous: an interpreter starts in 0.1 s, but fifty at once on two cores take their time.
constexpr auto kParkLimit = std::chrono::seconds(30);

}  // namespace

Task<void> Environment::provision() {
  CO_TRY(co_await sandbox_->start());
  CO_TRY(co_await start_runtime());
  change(State::warm);
  co_return ok();
}

Task<void> Environment::start_runtime() {
  CO_TRY(auto process, co_await sandbox_->start_runtime(program_.command));
  output_ = std::make_unique<OutputCapture>(parts_.executor, std::move(process.output));
  CO_TRY(auto session, runtime_api::FrameSession::create(parts_.executor, std::move(process.link)));
  session_ = std::move(session);
  tasks_.spawn(watch_runtime(session_.get()));
  auto identity = co_await session_->parked(parts_.clock.steady_now() + kParkLimit);
  if (!identity) {
    output_->drain();
    std::string text = identity.error().message();
    const std::string printed = output_->take_tail();
    if (!printed.empty()) text += "; it printed: " + printed;
    co_return Error(Errc::unavailable,
                    program_.command.arguments.front() + " did not start: " + text);
  }
  runtime_identity_ = std::move(identity.value());
  co_return ok();
}

// An end of the process is told to the session that belongs to it, and to no later one.
boost::asio::awaitable<void> Environment::watch_runtime(runtime_api::RuntimeSession* session) {
  (void)co_await sandbox_->runtime_exit(SteadyTime::max());
  if (session_.get() == session) session_->process_ended();
}

Task<void> Environment::assign(model::FunctionPtr function) {
  function_ = std::move(function);
  log_stream_ = log_stream_name(*function_, parts_.clock.wall_now(), id_);
  sandbox::SandboxLimits limits;
  limits.memory = Bytes::mib(function_->memory_mib);
  limits.memory_mib = function_->memory_mib;
  limits.network = function_->settings.network;
  CO_TRY(co_await sandbox_->configure(limits));
  std::vector<std::string> layers;
  for (const model::LayerRef& layer : function_->layers) layers.push_back(layer.tree_id);
  CO_TRY(co_await sandbox_->adopt_code(function_->tree_id, std::move(layers)));
  change(State::assigned);
  co_return ok();
}

}  // namespace proa::environment
