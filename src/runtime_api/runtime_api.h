// What function code talks to, seen from the host: one session with one runtime process, and the
// Lambda API for functions that call functions.
//
// Nouns: RuntimeSession (interface), FrameSession (our own bootstraps, over frames), HttpSession
// (the HTTP Runtime API: official clients and custom runtimes), FunctionEndpoint (the Lambda API
// inside an environment). `environment` calls it; it calls nobody: what function code does
// completes a wait, and what it asks of the Lambda API goes to a callback that main gives. Runs on
// its shard's executor. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
#pragma once

#include "base/task.h"
#include "base/units.h"
#include "frames/link.h"
#include "http/http.h"
#include "model/function_caller.h"
#include "model/invocation.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace proa::runtime_api {

/// The runtime answered the call.
struct Answered {
  std::string payload;
};
/// The runtime reported a failure of the function: JSON {errorMessage, errorType, stackTrace}.
struct Failed {
  std::string error_json;
  bool is_last = false;  ///< its process ends and takes no further call
};
/// The answer was larger than Lambda's limit of 6 MiB + 100 B.
struct AnswerTooLarge {};
/// The runtime process went, or closed its link: see Sandbox::runtime_exit().
struct Gone {};
/// It sent what the protocol does not allow at that moment (twice an answer, another id, garbage).
struct BrokeProtocol {
  std::string what;
};
/// The deadline passed.
struct TimedOut {};

/// Largest answer: 6 MiB + 100 B, as on Lambda.
inline constexpr std::size_t kMaxAnswer = 6 * 1024 * 1024 + 100;

using CallOutcome = std::variant<Answered, Failed, AnswerTooLarge, Gone, BrokeProtocol, TimedOut>;

/// Initialised and waiting for the first event.
struct Ready {};
using InitOutcome = std::variant<Ready, Failed, Gone, BrokeProtocol, TimedOut>;

/// What a bootstrap is told when it gets its function.
struct Configuration {
  std::string handler;
  std::string task_root = "/var/task";
  std::string directory = "/var/task";
  /// Replaces everything the process was started with; nothing: it has its variables already.
  std::optional<std::map<std::string, std::string>> environment;
  /// The process was started once and copied: its generators of random numbers must begin anew.
  bool is_restored = false;
};

/// One runtime process's conversation. Owned by its Environment; calls do not overlap.
class RuntimeSession {
 public:
  virtual ~RuntimeSession() = default;
  /// Waits until the interpreter runs and says what it is ("python3.11.2"). A custom runtime says
  /// nothing: empty, at once. Errc: deadline, unavailable (it went), corrupt.
  virtual Task<std::string> parked(SteadyTime deadline) = 0;
  /// Has an interpreter that waits run a function of nobody once, so that what a start and a call
  /// run was run before, and waits until it waits again. A custom runtime has none: at once. Errc:
  /// as parked().
  virtual Task<void> rehearse(SteadyTime deadline) {
    static_cast<void>(deadline);
    co_return ok();
  }
  /// Hands over the function and waits until it is initialised.
  virtual boost::asio::awaitable<InitOutcome> init(Configuration configuration,
                                                   SteadyTime deadline) = 0;
  /// The runtime process has ended: whoever waits gets what was still sent, else Gone.
  virtual void process_ended() = 0;
  /// Runs one call. `function_deadline` is what the function is told.
  virtual boost::asio::awaitable<CallOutcome> call(const model::Invocation& invocation,
                                                   WallTime function_deadline,
                                                   SteadyTime deadline) = 0;
  /// Further answers to the call before that came in the latest call, and were passed over. Sixteen
  /// at most: more break the protocol. None where the runtime is refused such an answer itself.
  virtual int late_answers() const { return 0; }
  /// Serves a connection of the runtime process; a session that serves none closes it.
  virtual void serve(os::UniqueFd connection) { connection.reset(); }
};

/// Session over frames on a Unix stream socket.
class FrameSession final : public RuntimeSession {
 public:
  /// Errc: exhausted, os.
  static Result<std::unique_ptr<RuntimeSession>> create(boost::asio::any_io_executor executor,
                                                        frames::LinkFds link);
  ~FrameSession() override;
  Task<std::string> parked(SteadyTime deadline) override;
  Task<void> rehearse(SteadyTime deadline) override;
  void process_ended() override;
  boost::asio::awaitable<InitOutcome> init(Configuration configuration,
                                           SteadyTime deadline) override;
  boost::asio::awaitable<CallOutcome> call(const model::Invocation& invocation,
                                           WallTime function_deadline,
                                           SteadyTime deadline) override;
  int late_answers() const override;

 private:
  struct State;
  explicit FrameSession(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  // a timer's handler may run after this object
};

/// Session over the HTTP Runtime API, 2018-06-01: serves the runtime process's requests on a
/// listening socket that only its environment can reach, or on connections that it is given. The
/// process gets its configuration as
/// environment variables when it is started, so init() only waits for its first /next.
class HttpSession final : public RuntimeSession {
 public:
  struct State;  // private to runtime_api/: http_session.h
  /// Without a listener there is serve(). Errc: os (the descriptor does not listen).
  static Result<std::unique_ptr<RuntimeSession>> create(boost::asio::any_io_executor executor,
                                                        os::UniqueFd listener);
  ~HttpSession() override;
  Task<std::string> parked(SteadyTime deadline) override;
  void process_ended() override;
  boost::asio::awaitable<InitOutcome> init(Configuration configuration,
                                           SteadyTime deadline) override;
  boost::asio::awaitable<CallOutcome> call(const model::Invocation& invocation,
                                           WallTime function_deadline,
                                           SteadyTime deadline) override;
  void serve(os::UniqueFd connection) override { server_->serve(std::move(connection)); }

 private:
  explicit HttpSession(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  // a connection's coroutine may end after this object
  std::unique_ptr<http::Server> server_;
};

/// Answers one request of function code to the Lambda API; runs on the shard's executor.
using FunctionApi = std::function<boost::asio::awaitable<http::Response>(
    http::Request&, const model::FunctionCaller&)>;

/// The Lambda API on a listening socket that only one environment can reach, or on connections that
/// it is given. Owned by the environment.
class FunctionEndpoint {
 public:
  /// `api` outlives it. Without a listener there is serve(). Errc: os (the descriptor does not
  /// listen).
  static Result<std::unique_ptr<FunctionEndpoint>> create(boost::asio::any_io_executor executor,
                                                          os::UniqueFd listener,
                                                          model::FunctionCaller caller,
                                                          const FunctionApi& api);
  const model::FunctionCaller& caller() const { return state_->caller; }
  /// Serves a connection of code inside.
  void serve(os::UniqueFd connection) { server_->serve(std::move(connection)); }
  /// The trace that the code works for from now on (X-Amzn-Trace-Id); empty: none. A request of it
  /// that names no trace gets this one, so that chains of calls can be followed whatever client the
  /// code uses. Lambda's SDKs send it themselves.
  void set_trace(std::string_view trace_id) { state_->trace_id = trace_id; }

 private:
  struct State {
    const model::FunctionCaller caller;
    std::string trace_id;
  };
  FunctionEndpoint(std::shared_ptr<State> state, std::unique_ptr<http::Server> server)
      : state_(std::move(state)), server_(std::move(server)) {}
  std::shared_ptr<State> state_;  // a request's coroutine may end after this object
  std::unique_ptr<http::Server> server_;
};

}  // namespace proa::runtime_api
