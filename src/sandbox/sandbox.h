// Sandbox: one isolated place that runs one runtime process at a time.
//
// Nouns: Sandbox (the interface that both backends implement), Assignment (what it gets with its
// function), RuntimeCommand (what to run inside), RuntimeProcess (its ends on our side).
// `environment` drives it and alone knows the order of steps. Runs on its shard's executor.
// Backends: container/ (namespaces and control groups) and microvm/ (virtual machines by QEMU),
// both by launcher::Client. Long document: docs/architecture.md, "Environments".
#pragma once

#include "base/task.h"
#include "base/units.h"
#include "frames/link.h"
#include "frames/streams.h"
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

/// What the inside may use. Enforced, or assign() fails.
struct SandboxLimits {
  Bytes memory;                  ///< of all processes together
  std::uint32_t memory_mib = 0;  ///< MemorySize as the user set it; CPU follows from it
  std::uint32_t pids = 1024;     ///< processes and threads
  model::NetworkPolicy network = model::NetworkPolicy::none;
};

/// The MemorySize that a whole processor goes with.
inline constexpr std::uint32_t kWholeProcessorMib = 1'769;

/// How much of the host's processors a sandbox has. The operator's CPU policy says what that means:
/// a part that is never exceeded, or one that counts where functions compete.
enum class ProcessorShare {
  of_function,  ///< what goes with its MemorySize
  of_start,     ///< a whole processor, or that of the function where it is more
};

/// A program inside the sandbox. Runs as the function's user (inside uid 993).
struct RuntimeCommand {
  std::vector<std::string> arguments;    ///< the first is the absolute path inside
  std::vector<std::string> environment;  ///< NAME=value
  std::string directory = "/";
  bool operator==(const RuntimeCommand&) const = default;
};

/// What a sandbox gets with the function that it is given to for good.
struct Assignment {
  SandboxLimits limits;
  std::string tree_id;                      ///< its code, at /var/task; empty: none, and no layers
  std::vector<std::string> layer_tree_ids;  ///< merged at /opt, later ones win
  /// A runtime image: the root around code and layers; empty: the host's programs.
  std::string root_tree_id;
  bool is_image = false;    ///< the code is a container image: the whole root, and no layers
  std::string interpreter;  ///< that will run it, its path inside; empty: its own
  std::string kernel;       ///< name of what a machine boots; empty: the host's choice
  std::string account_id;
  /// The process that start_runtime() will be asked for next, where that knows nothing of its
  /// function: it may run already, in what the sandbox is a copy of.
  std::optional<RuntimeCommand> parked;
  /// NAME=value: what that process gets besides where it is started long before its function.
  std::vector<std::string> ahead_variables;
  /// From the end of assign() on, which itself is not the function's work.
  ProcessorShare share = ProcessorShare::of_function;
};

/// What the host gives for a function with `memory_mib` in this isolation: a machine has a kernel
/// of its own, and QEMU around it.
Bytes memory_on_host(model::Isolation isolation, std::uint32_t memory_mib);

/// Where code inside reaches what the daemon serves: the HTTP Runtime API (AWS_LAMBDA_RUNTIME_API)
/// and the Lambda API for functions that call functions (AWS_ENDPOINT_URL_LAMBDA).
inline constexpr std::string_view kRuntimeApiAddress = "127.0.0.1:9001";
inline constexpr std::string_view kLambdaApiAddress = "127.0.0.1:9002";

/// Serves a connection, a stream socket, of code inside.
using ConnectionSink = std::function<void(os::UniqueFd)>;

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
  std::optional<Bytes> memory_peak;                   ///< since assign()
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

  /// Brings up what needs no function, and no user code. Errc: exhausted, os, unavailable (the
  /// launcher is gone), deadline.
  virtual Task<void> start() = 0;
  /// After start(): prepares for an assignment that is this one but for its code and network, and
  /// whose function is not known yet; the process that it names as `parked` can be started then,
  /// before assign(). Which never has to come. Errc: unavailable (what it needs is not there yet),
  /// unsupported, os, deadline.
  virtual Task<void> expect(Assignment assignment) {
    static_cast<void>(assignment);
    co_return ok();
  }
  /// Gives it to a function, once in its life: limits and network hold, code is at /var/task and
  /// layers are at /opt, read-only, and proa-init runs. Errc: os (names the limit that did not
  /// take), not_found (tree), unsupported (names what the host lacks), unavailable, deadline.
  virtual Task<void> assign(Assignment assignment) = 0;
  /// Holds for every process from its end on; asks nobody where nothing changes by it. After
  /// assign(). Errc: os, unavailable; then it is as before, or nothing can run any more.
  virtual Task<void> set_processor_share(ProcessorShare share) = 0;
  /// From now on connections that code inside makes to a service, at kRuntimeApiAddress or
  /// kLambdaApiAddress, arrive at the listening stream socket that this gives; where it gives none,
  /// each is given to `sink`. A new runtime process gets a new server: call it again. After
  /// start(). Errc: exhausted, unavailable.
  virtual Result<os::UniqueFd> open_service(frames::Service service, ConnectionSink sink) = 0;
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

  /// Most memory used since assign(); nothing where the kernel does not count it.
  virtual std::optional<Bytes> memory_peak() const = 0;
  /// How often the kernel killed a process of it for lack of memory.
  virtual std::uint64_t oom_kills() const = 0;
  /// Empty before start().
  virtual UsageReader usage_reader() const = 0;
  /// The guest kernel that runs it, as in "stock"; empty: the host's.
  virtual std::string kernel() const { return {}; }
  /// Whether it is a copy of what was started before: its runtime process remembers what the
  /// others' do, and is told so. After assign().
  virtual bool is_restored() const { return false; }
  /// After assign() has failed: whether what it was a copy of is to blame, which is used no more. A
  /// new sandbox may do better.
  virtual bool was_bad_copy() const { return false; }

  /// Kills what runs inside, also while another member waits for it, which then fails soon. Only
  /// close() may follow.
  virtual void abandon() = 0;
  /// Ends everything inside and gives its resources back. Always call before destruction.
  virtual Task<void> close() = 0;
};

/// What a sandbox is made with.
struct SandboxSpec {
  model::Isolation isolation = model::Isolation::container;
  std::uint32_t tmp_mib = 0;  ///< size of its /tmp
};

/// What is known of the functions that a machine can be given to which is started ahead of them: it
/// has their memory and kernel for good.
struct ExpectedFunction {
  std::uint32_t memory_mib = 0;  ///< MemorySize
  std::string kernel;            ///< as in Assignment
  std::string account_id;        ///< empty: any
  bool operator==(const ExpectedFunction&) const = default;
};

/// Makes sandboxes for one shard. Owned by the shard.
class SandboxFactory {
 public:
  virtual ~SandboxFactory() = default;
  /// A new one; start() it first.
  virtual std::unique_ptr<Sandbox> make(SandboxSpec spec) = 0;
};

}  // namespace proa::sandbox
