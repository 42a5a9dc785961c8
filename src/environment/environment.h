// Environment: a sandbox plus the runtime session in it, through its whole life.
//
// Nouns: Environment, its State (state.h), InitReport. `pool` owns environments and calls them;
// they call sandbox (isolation), runtime_api (the conversation). Each phase is one file and a
// straight list of awaits: provision.cpp, init.cpp, invoke.cpp. Runs on its shard's executor. Long
// document: docs/architecture.md, "Environments".
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "base/task_group.h"
#include "environment/failure.h"
#include "environment/memory_peak.h"
#include "environment/output.h"
#include "environment/processor_pin.h"
#include "environment/runtime_programs.h"
#include "environment/runtime_start.h"
#include "environment/state.h"
#include "logs/logs.h"
#include "model/function.h"
#include "model/invocation.h"
#include "model/live.h"
#include "runtime_api/runtime_api.h"
#include "sandbox/sandbox.h"
#include "telemetry/telemetry.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace proa::environment {

/// What an environment is made with; everything outlives it.
struct EnvironmentParts {
  boost::asio::any_io_executor executor;
  sandbox::SandboxFactory& sandboxes;
  Clock& clock;
  RandomSource& random;
  /// The Lambda API for function code; none: nothing is served inside.
  const runtime_api::FunctionApi* function_api = nullptr;
  telemetry::Logger log = {};
  /// Where environments of short calls run; none: anywhere.
  const PinWatch* pins = nullptr;
  /// Of the shard; none: only the tail of a call is kept.
  logs::LogWriter* logs = nullptr;
  /// Puts the credentials of the function's role in the place of those made here, where it has
  /// some; may be empty.
  std::function<void(model::FunctionCaller&)> apply_role = {};
};

/// What is told of an environment to whoever watches it, and how to read what it uses.
struct EnvironmentReport {
  model::EnvironmentView view;  ///< without what it uses
  sandbox::UsageReader usage;   ///< empty: its sandbox is not there yet
};

/// One environment. Owned by the pool; members do not overlap. close() before destruction.
class Environment {
 public:
  /// With a program its interpreter is started ahead of any function; without one the sandbox alone
  /// is, for a function that needs_own_start().
  /// A machine starts one only where it is known what functions are to `expect`.
  Environment(EnvironmentParts parts, std::optional<RuntimeProgram> program,
              sandbox::SandboxSpec spec,
              std::optional<sandbox::ExpectedFunction> expect = std::nullopt);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  const std::string& id() const { return id_; }
  State state() const { return state_; }
  /// Set from assign() on.
  const model::FunctionPtr& function() const { return function_; }

  /// Starts the sandbox, and the interpreter where there is one: provisioning -> warm. Errc:
  /// exhausted, os, unavailable, deadline. On error only close() may follow.
  Task<void> provision();
  /// Gives it to a function for good, with its limits and code: warm -> assigned. `program` runs
  /// it; an environment whose interpreter was started has the same already. Errc: as
  /// Sandbox::assign(). On error only close() may follow.
  Task<void> assign(model::FunctionPtr function, RuntimeProgram program);
  /// Runs one call, after thawing and after the function's initialisation where that is due:
  /// assigned | frozen -> running -> assigned. Failures of the function are in the result.
  /// Errc: unavailable (the environment broke and nothing of the call ran: try another).
  Task<model::InvocationResult> invoke(const model::Invocation& invocation, model::Start start);
  /// After a failed assign(): another one may do better, see Sandbox.
  bool was_bad_copy() const { return sandbox_->was_bad_copy(); }
  /// True when a failed call left processes that must go before the next: call reset().
  bool needs_reset() const { return needs_reset_; }
  /// Kills what the failed call left; /tmp stays. Errc: deadline, unavailable: close() it.
  Task<void> reset();
  /// True when it can never run a call again: it has ended, or a call in it was given up half way.
  bool is_broken() const { return sandbox_->has_ended() || state_ == State::running; }

  /// What it does now. No system call.
  EnvironmentReport report() const;

  /// Gives up what is still being started: provision() fails soon.
  void abandon();
  /// Stops all its processes: assigned -> frozen. Errc: unsupported, os.
  Result<void> freeze();
  /// Ends everything in it: -> terminated.
  Task<void> close();

 private:
  struct InitReport {
    std::optional<model::InvocationResult> failure;  ///< what the caller gets; none = initialised
    std::chrono::microseconds duration{0};           ///< 0: repeated, and so a part of the call
    std::optional<SteadyTime> repeated_at;           ///< the call's time runs from here
  };

  void change(State to);
  void change(State to, SteadyTime now);
  model::Phase phase() const;
  void log_first_call(const InitReport& report, model::Start start) const;
  Result<void> open_endpoint();
  void add_program(sandbox::Assignment& assignment) const;
  std::map<std::string, std::string> variables() const;
  Task<void> start_runtime(std::size_t bootstrap_index);
  Task<void> open_session(sandbox::RuntimeProcess process);
  boost::asio::awaitable<void> watch_runtime(runtime_api::RuntimeSession* session);
  model::Start start_of(model::Start asked) const;
  Task<void> renew_if_exited();
  Task<void> drop_runtime();
  Task<InitReport> initialise(const model::Invocation& invocation);
  Task<InitReport> initialise_twice(const model::Invocation& invocation);
  boost::asio::awaitable<void> report_init(const runtime_api::InitOutcome& outcome,
                                           std::chrono::microseconds duration,
                                           std::string_view phase);
  Task<runtime_api::InitOutcome> start_and_init(SteadyTime deadline);
  Task<bool> is_missing();
  boost::asio::awaitable<ExitDescription> describe_exit();
  bool was_killed_for_memory();
  boost::asio::awaitable<model::InvocationResult> failed(const runtime_api::CallOutcome& outcome,
                                                         const model::Invocation& invocation);
  Error not_ready(const Error& reason);
  void describe_self(model::InvocationResult& result);
  void log_late_answers(const model::Invocation& invocation);
  void forget_output(const model::Invocation& invocation);
  void write_start(const model::Invocation& invocation);
  void write_report(const model::Invocation& invocation, WallTime begin, SteadyTime end,
                    model::InvocationResult& result);
  logs::PlatformLines platform_lines(WallTime time) const;
  void add_to_tail(const std::vector<std::string>& lines);

  EnvironmentParts parts_;
  std::string id_;
  std::optional<RuntimeProgram> program_;
  bool is_given_up_ = false;
  const model::Isolation isolation_;
  std::optional<sandbox::ExpectedFunction> expected_;
  State state_ = State::provisioning;
  SteadyTime made_;
  SteadyTime since_;  ///< in this state
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  ProcessorPin pin_;
  MemoryPeak memory_peak_;
  std::unique_ptr<runtime_api::RuntimeSession> session_;
  OutputCapture output_;
  std::unique_ptr<runtime_api::FunctionEndpoint> endpoint_;
  std::string runtime_identity_;
  std::string entrypoint_;       ///< the program that was started last
  model::FunctionPtr function_;  ///< keeps the code trees on disk, too (catalog::Catalog::resolve)
  logs::LogStreamPtr log_stream_;
  std::string call_id_;                ///< of the call that runs or waits for init; empty: none
  std::uint64_t calls_ = 0;            ///< that have ended
  std::optional<model::Start> start_;  ///< of the first one
  logs::RequestId request_{};          ///< of the call that runs
  ExitDescription fault_;              ///< of that call, where it is the platform's to tell
  telemetry::Logger log_;
  bool is_initialised_ = false;
  bool needs_reset_ = false;
  std::uint64_t oom_kills_ = 0;  ///< of its processes, as far as they are told of
  std::chrono::microseconds init_duration_{0};
  TaskGroup tasks_;
};

}  // namespace proa::environment
