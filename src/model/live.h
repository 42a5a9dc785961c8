// What runs on a daemon at one moment, for whoever watches it (`proa top`). Values, made anew for
// each question; environment, pool, dispatch and main fill in their parts, api tells them.
#pragma once

#include "base/units.h"
#include "model/invocation.h"
#include "model/settings.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::model {

/// What an environment is about.
enum class Phase : std::uint8_t {
  starting,   ///< sandbox and interpreter, or the code, are being put in place
  parked,     ///< an interpreter that waits for a function
  init,       ///< a call waits for the function's initialisation
  busy,       ///< a call runs
  idle,       ///< waits for a call, not frozen yet
  frozen,     ///< waits for a call, every process stopped
  resetting,  ///< what a failed call left is being killed
  ending,
};

/// "starting", "parked" ...
std::string_view to_string(Phase phase);

/// One environment.
struct EnvironmentView {
  std::string id;
  std::string account_id;  ///< this and the next three: empty while it belongs to no function
  std::string region;
  std::string function;
  std::string version;
  std::string runtime;  ///< what runs in it ("python3.11.2"); empty: no interpreter yet
  Isolation isolation = Isolation::container;
  std::string kernel;  ///< of a machine, once one was chosen for it
  std::size_t shard = 0;
  Phase phase = Phase::starting;
  std::optional<Start> start;  ///< how it came to its first call
  std::chrono::microseconds age{0};
  std::chrono::microseconds in_phase{0};
  std::uint64_t calls = 0;               ///< that have ended in it
  std::string request_id;                ///< of the call that it works for; empty: none
  std::chrono::milliseconds timeout{0};  ///< of the function
  std::optional<Bytes> memory_limit;     ///< of the function
  std::optional<Bytes> memory;  ///< what the kernel does not count is missing, here and below
  std::optional<Bytes> memory_peak;
  std::optional<std::chrono::microseconds> cpu_time;
};

/// Calls of one function, all versions on all shards. Counts since the daemon began.
struct FunctionView {
  std::string account_id;
  std::string region;
  std::string name;
  std::uint64_t running = 0;  ///< admitted and not over, those that wait included
  std::uint64_t waiting = 0;  ///< for an environment
  std::uint64_t calls = 0;    ///< that ran, failed ones included
  std::uint64_t failures = 0;
  std::uint64_t throttled = 0;
  std::uint64_t refused = 0;  ///< that could not run for another reason
  std::uint64_t cold_starts = 0;
  std::chrono::microseconds duration{0};  ///< of all calls together
};

/// What there is in all, against the host's limits.
struct HostView {
  std::size_t environments = 0;
  std::size_t environments_max = 0;
  std::uint64_t running = 0;          ///< calls of the functions that were asked for
  std::uint64_t waiting = 0;          ///< of them
  std::uint32_t concurrency_max = 0;  ///< of an account
  Bytes memory_counted;               ///< what is counted for environments (--memory-commit)
  std::optional<Bytes> memory_total;  ///< missing: could not be read
  std::optional<Bytes> memory_available;
  Bytes memory_reserve;
};

/// Rows of one kind in an answer at most.
inline constexpr std::size_t kLiveRowsMax = 10'000;

struct LiveQuery {
  std::optional<std::string> account_id;  ///< only what is this account's; none: everything
  std::size_t limit = 1000;               ///< environments at most, and functions
};

struct LiveView {
  WallTime now;
  WallTime began;  ///< the daemon
  HostView host;
  std::vector<FunctionView> functions;
  std::vector<EnvironmentView> environments;
  std::size_t functions_in_all = 0;  ///< more than there are above: the least telling were left out
  std::size_t environments_in_all = 0;
};

/// Parts of functions, of several shards and versions, as one row a function; by name.
std::vector<FunctionView> merged(std::vector<FunctionView> parts);

/// Orders environments and functions, most telling first, and leaves out what is beyond `limit`:
/// calls that run, longest first, then what changed last; functions with most calls at the moment,
/// then by name. Sets the numbers in all.
void keep_most_telling(LiveView& view, std::size_t limit);

}  // namespace proa::model
