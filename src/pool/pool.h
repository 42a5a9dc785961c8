// Pool: every environment of one shard that no call holds, and the leases of those that one does.
//
// Nouns: Pool (one a shard), Lease (an environment for one call; its destructor gives it back),
// parked environment (interpreter started, no function yet), IdleBoard (idle_board.h). `dispatch`
// calls it; it calls `environment`. Placement, in this order (BASE-14): an idle environment that
// has this version's code, most recently used first; a parked one of its runtime; a new one. The
// step "a container beside others of the same user" has no place here: an environment runs one call
// at a time and belongs to one version. Runs on its shard's executor.
// Long document: docs/architecture.md, "Pool".
#pragma once

#include "base/task.h"
#include "base/task_group.h"
#include "environment/environment.h"
#include "pool/idle_board.h"

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace proa::pool {

class Pool;

/// An environment for one call. Movable; gives the environment back when destroyed.
class Lease {
 public:
  Lease(Pool& pool, std::unique_ptr<environment::Environment> environment, model::Start start);
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease();

  environment::Environment& environment() { return *environment_; }
  /// How it came to be: what the caller is told in X-Proa-Start.
  model::Start start() const { return start_; }

 private:
  Pool* pool_;
  std::unique_ptr<environment::Environment> environment_;
  model::Start start_;
};

struct PoolOptions {
  std::size_t shard = 0;
  std::size_t environments_max = 512;  ///< of this shard, in whatever state
  std::size_t parked_max = 8;          ///< of one runtime
  std::size_t starting_max = 4;        ///< environments started at the same time
};

/// What the pool asks of others; given by main.
struct PoolHooks {
  /// Whether new calls still run this version: environments of replaced ones are retired.
  std::function<bool(const model::FunctionVersion&)> is_current;
};

/// Numbers for `proa status`.
struct PoolCounts {
  std::size_t idle = 0;
  std::size_t frozen = 0;
  std::size_t leased = 0;
  std::size_t parked = 0;
  std::size_t starting = 0;
};

/// See above. Owned by its shard; close() before destruction.
class Pool {
 public:
  Pool(environment::EnvironmentParts parts, const environment::RuntimePrograms& programs,
       IdleBoard& board, PoolOptions options, PoolHooks hooks);
  ~Pool();

  /// An environment of `function`, ready for invoke(). Errc: unsupported (no interpreter),
  /// throttled (environments_max reached and none can be given up), exhausted, unavailable, os.
  Task<Lease> lease(model::FunctionPtr function);
  /// Whether lease() would be answered by an idle environment at once.
  bool has_idle(const model::FunctionPtr& function) const;
  /// A shard other than ours that has an idle environment of `function`; none: nullopt.
  std::optional<std::size_t> other_shard_with_idle(const model::FunctionPtr& function);

  /// Starts one parked environment of each runtime given, ahead of the first call.
  void park(const std::vector<std::string>& runtimes);
  PoolCounts counts() const;
  /// Applies the idle policy now (idle_policy.cpp). The pool's own timer does so all the time.
  void sweep();
  /// Ends every environment; leases must have been given back. Who still waits for one gets
  /// unavailable.
  Task<void> close();

 private:
  friend class Lease;
  using EnvironmentPtr = std::unique_ptr<environment::Environment>;
  /// What is started ahead of a function: an interpreter, or (none) the sandbox alone.
  using Program = std::optional<environment::RuntimeProgram>;
  /// How often idle environments are looked at: often while one may have to be frozen.
  enum class Sweep { none, quiet, busy };
  struct Idle {
    EnvironmentPtr environment;
    SteadyTime since;
  };
  struct Group {
    model::FunctionPtr function;  ///< held, so that no other version can get its address
    std::vector<Idle> idle;       ///< back = most recently used
    std::shared_ptr<IdleCounts> counts;
  };
  struct Parked {
    std::deque<EnvironmentPtr> ready;
    std::size_t starting = 0;
    std::size_t target = 0;
    SteadyTime last_taken;
  };

  Task<Lease> lease_prepared(model::FunctionPtr function);
  Task<Lease> start_new(model::FunctionPtr function, environment::RuntimeProgram program);
  EnvironmentPtr take_idle(const model::FunctionPtr& function);
  EnvironmentPtr take_parked(const Program& program, std::uint32_t tmp_mib);
  Result<void> make_room();
  void give_back(EnvironmentPtr environment);
  void push_idle(EnvironmentPtr environment);
  void retire(EnvironmentPtr environment);
  boost::asio::awaitable<void> close_one(EnvironmentPtr environment);
  boost::asio::awaitable<void> reset_one(EnvironmentPtr environment);
  void replenish(const Program& program);
  boost::asio::awaitable<void> park_one(Program program);
  void arm_sweep();
  void schedule_sweep(Sweep pace);
  bool sweep_group(Group& group, SteadyTime now);
  void note_idle(Group& group, int change);

  environment::EnvironmentParts parts_;
  const environment::RuntimePrograms& programs_;
  IdleBoard& board_;
  PoolOptions options_;
  PoolHooks hooks_;
  // Keyed by address: the group holds the version, so no other gets that address meanwhile.
  std::unordered_map<const model::FunctionVersion*, Group> groups_;
  std::map<std::string, Parked> parked_;  ///< by family; "" has no interpreter
  std::size_t total_ = 0;                 ///< environments that exist
  std::size_t leased_ = 0;
  std::size_t starting_ = 0;
  std::size_t preparing_ = 0;  ///< calls whose environment is being started or given its code
  boost::asio::steady_timer all_prepared_;
  bool is_closing_ = false;
  Sweep sweep_ = Sweep::none;
  boost::asio::steady_timer sweep_timer_;
  TaskGroup tasks_;
};

}  // namespace proa::pool
