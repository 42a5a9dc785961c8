// What HttpSession knows of its runtime process. Private to runtime_api/.
#pragma once

#include "runtime_api/runtime_api.h"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace proa::runtime_api {

/// The Runtime API's state machine for one runtime process, and the place where its requests and
/// our init() and call() meet. Shared with the coroutines of connections.
///
///   starting --/next--> ready --event--> running --/response or /error--> answered --/next-->
///   ready starting --/init/error--> failed
///
/// Requests that fit no edge are answered 403 InvalidStateTransition, as Lambda does.
struct HttpSession::State {
  enum class Phase { starting, failed, ready, running, answered };

  explicit State(boost::asio::any_io_executor given) : executor(std::move(given)), wake(executor) {}

  /// Answers one request of the runtime process.
  boost::asio::awaitable<http::Response> serve(http::Request& request);
  /// Waits until init_outcome, call_outcome or is_process_gone says something.
  boost::asio::awaitable<void> wait(SteadyTime deadline);
  /// Gives the event to the /next that waits, if one does.
  void deliver();

  boost::asio::any_io_executor executor;
  boost::asio::steady_timer wake;  ///< ends wait()
  Phase phase = Phase::starting;
  bool is_process_gone = false;
  std::optional<InitOutcome> init_outcome;
  std::optional<CallOutcome> call_outcome;

  /// The call that was offered; its payload is the caller's, who waits in call().
  const model::Invocation* offered = nullptr;
  WallTime function_deadline;
  std::string request_id;  ///< of the event in the runtime's hands

 private:
  struct NextWaiter;
  boost::asio::awaitable<http::Response> next();
  http::Response take_response(http::Request& request, std::string_view id);
  http::Response take_error(http::Request& request, std::string_view id);
  http::Response take_init_error(http::Request& request);
  http::Response hand_over();
  void finish(CallOutcome outcome);

  std::weak_ptr<NextWaiter> next_;  ///< of the newest /next that waits; its coroutine owns it
};

}  // namespace proa::runtime_api
