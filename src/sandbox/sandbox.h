// Sandbox: one isolated place that runs one runtime process at a time.
//
// Nouns: Sandbox (the interface both backends implement: container now, microVM later),
// SandboxLimits, RuntimeCommand (what to run inside), RuntimeProcess (its ends on our side).
// `environment` drives it and alone knows the order of steps; a sandbox never calls back. Runs on
// its shard's executor. Backends: container/ (namespaces and control groups, by launcher::Client).
// Long document: docs/architecture.md, "Environments".
#pragma once

#include "base/task.h"
#include "base/units.h"
#include "frames/link.h"
#include "model/function.h"
#include "os/unique_fd.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::sandbox {

/// What the inside may use. Enforced, or configure() fails.
struct SandboxLimits {
  Bytes memory;                  ///< of all processes together
  std::uint32_t memory_mib = 0;  ///< MemorySize as the user set it; CPU follows from it
  std::uint32_t pids = 1024;     ///< processes and threads
  model::NetworkPolicy network = model::NetworkPolicy::none;
};

/// Where code inside reaches what the daemon serves: the HTTP Runtime API (AWS_LAMBDA_RUNTIME_API)
/// and the Lambda API for functions that call functions (AWS_ENDPOINT_URL_LAMBDA).
inline constexpr std::string_view kRuntimeApiAddress = "127.0.0.1:9001";
inline constexpr std::string_view kLambdaApiAddress = "127.0.0.1:9002";

/// A program inside the sandbox. Runs as the function's user (inside uid 993).
struct RuntimeCommand {
  std::vector<std::string> arguments;    ///< the first is the absolute path inside
  std::vector<std::string> environment;  ///< NAME=value
  std::string directory = "/";
};

/// Our ends of a started runtime process.
struct RuntimeProcess {
  frames::LinkFds link;  ///< the runtime link; its descriptors 3 (calls) and 4 (answers)
  os::UniqueFd output;   ///< read end of the pipe behind its stdout and stderr
};

/// How the runtime process ended.
struct RuntimeExit {
  int wait_status = 0;  ///< as waitpid(2) gives it
  int exec_errno = 0;   ///< not 0: the program could not be executed
};

/// What all processes inside use; what the kernel does not count is missing.
struct SandboxUsage {
  std::optional<Bytes> memory;                        ///< now, page cache of its files included
  std::optional<Bytes> memory_peak;                   ///< since configure()
  std::optional<std::chrono::microseconds> cpu_time;  ///< since start(), ended ones included
};

/// Reads it: some microseconds to a tenth of a millisecond of system calls, so not on a shard. On
/// any thread, at any time; of a sandbox that has been closed, nothing it says means anything.
using UsageReader = std::function<SandboxUsage()>;

/// One sandbox. Owned by its Environment; every member is called on the shard's executor, one at a
/// time except where said. States: new -> started -> (runtime running <-> none) -> ended.
class Sandbox {
 public:
  virtual ~Sandbox() = default;

  /// Brings it up: isolation in place, proa-init running, no user code. Errc: exhausted, os,
  /// unavailable (the launcher is gone), deadline.
  virtual Task<void> start() = 0;
  /// Sets limits and network. Before adopt_code(). Errc: os (names the limit that did not take).
  virtual Task<void> configure(SandboxLimits limits) = 0;
  /// Shows a code tree at /var/task and layers merged at /opt, read-only; once in its life.
  /// Errc: not_found (tree), unavailable, os.
  virtual Task<void> adopt_code(std::string tree_id, std::vector<std::string> layer_tree_ids) = 0;
  /// A listening stream socket that only code inside can reach, at kRuntimeApiAddress and
  /// kLambdaApiAddress: each call gives a descriptor of its own of the same socket, since a new
  /// runtime process gets a new server. After start(). Errc: exhausted, unavailable.
  virtual Result<os::UniqueFd> runtime_api_listener() const = 0;
  virtual Result<os::UniqueFd> lambda_api_listener() const = 0;
  /// Starts the runtime process; none may run. Errc: exhausted, unavailable.
  virtual Task<RuntimeProcess> start_runtime(RuntimeCommand command) = 0;
  /// The end of the runtime process started last, as soon as it is known, also when the whole
  /// sandbox went. May be awaited beside other members. Errc: deadline.
  virtual Task<RuntimeExit> runtime_exit(SteadyTime deadline) = 0;
  /// Whether runtime_exit() would answer at once.
  virtual bool has_runtime_exited() const = 0;
  /// Kills every process but proa-init; /tmp stays. start_runtime() may follow. Errc: deadline,
  /// unavailable.
  virtual Task<void> kill_runtime() = 0;
  /// True once nothing can run in it any more.
  virtual bool has_ended() const = 0;

  /// Orders every process to stop, and lets them run again. Neither waits. Errc: unsupported (names
  /// the missing kernel file), os.
  virtual Result<void> freeze() = 0;
  virtual Result<void> thaw() = 0;

  /// Confines every process to `processors`, a list as of cpuset(7), from now on. Does not wait.
  /// Errc: unsupported (names the missing kernel file), os.
  virtual Result<void> run_on(std::string_view processors) = 0;

  /// Most memory used since configure(); nothing where the kernel does not count it.
  virtual std::optional<Bytes> memory_peak() const = 0;
  /// How often the kernel killed a process of it for lack of memory.
  virtual std::uint64_t oom_kills() const = 0;
  /// Empty before start().
  virtual UsageReader usage_reader() const = 0;

  /// Ends everything inside and gives its resources back. Always call before destruction.
  virtual Task<void> close() = 0;
};

/// Makes sandboxes of one backend for one shard. Owned by the shard.
class SandboxFactory {
 public:
  virtual ~SandboxFactory() = default;
  /// A new sandbox with a /tmp of `tmp_mib` MiB; start() it first.
  virtual std::unique_ptr<Sandbox> make(std::uint32_t tmp_mib) = 0;
};

}  // namespace proa::sandbox
