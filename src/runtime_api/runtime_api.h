// What function code talks to, seen from the host: one session with one runtime process.
//
// Nouns: RuntimeSession (interface), FrameSession (our own bootstraps, over frames; the HTTP
// Runtime API for official clients and custom runtimes is the second implementation). `environment`
// calls it; it calls nobody: what function code does completes a wait. Runs on its shard's
// executor. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
#pragma once

#include "base/task.h"
#include "base/units.h"
#include "frames/link.h"
#include "model/invocation.h"

#include <map>
#include <memory>
#include <string>
#include <variant>

namespace proa::runtime_api {

/// The runtime answered the call.
struct Answered {
  std::string payload;
};
/// The runtime reported a failure of the function: JSON {errorMessage, errorType, stackTrace}.
struct Failed {
  std::string error_json;
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
  std::map<std::string, std::string> environment;  ///< replaces everything it was started with
};

/// One runtime process's conversation. Owned by its Environment; calls do not overlap.
class RuntimeSession {
 public:
  virtual ~RuntimeSession() = default;
  /// Waits until the interpreter runs and says what it is ("python3.11.2").
  /// Errc: deadline, unavailable (it went), corrupt.
  virtual Task<std::string> parked(SteadyTime deadline) = 0;
  /// Hands over the function and waits until it is initialised.
  virtual boost::asio::awaitable<InitOutcome> init(Configuration configuration,
                                                   SteadyTime deadline) = 0;
  /// The runtime process has ended: whoever waits gets what was still sent, else Gone.
  virtual void process_ended() = 0;
  /// Runs one call. `function_deadline` is what the function is told.
  virtual boost::asio::awaitable<CallOutcome> call(const model::Invocation& invocation,
                                                   WallTime function_deadline,
                                                   SteadyTime deadline) = 0;
};

/// Session over frames on a Unix stream socket.
class FrameSession final : public RuntimeSession {
 public:
  /// Errc: exhausted, os.
  static Result<std::unique_ptr<RuntimeSession>> create(boost::asio::any_io_executor executor,
                                                        os::UniqueFd link);
  ~FrameSession() override;
  Task<std::string> parked(SteadyTime deadline) override;
  void process_ended() override;
  boost::asio::awaitable<InitOutcome> init(Configuration configuration,
                                           SteadyTime deadline) override;
  boost::asio::awaitable<CallOutcome> call(const model::Invocation& invocation,
                                           WallTime function_deadline,
                                           SteadyTime deadline) override;

 private:
  struct State;
  explicit FrameSession(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  // a timer's handler may run after this object
};

}  // namespace proa::runtime_api
