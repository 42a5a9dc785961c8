// Pool: every environment of one shard that no call holds, and the leases of those that one does.
//
// Nouns: Pool (one a shard), Lease (an environment for one call; its destructor gives it back),
// Member (an environment with its Claim on the host, budget.h), parked environment (interpreter
// started, no function yet), StartQueue (start_queue.h), IdleBoard (idle_board.h). `dispatch` calls
// it; it calls `environment`. place() says on which shard a call runs (placement.h, BASE-14);
// lease() follows the same order there, with what is there when it arrives. Files: pool.cpp (lease
// and return), parking.cpp (what is kept ready), idle_policy.cpp (what becomes of idle ones).
// Runs on its shard's executor. Long document: docs/guides/capacity.md.
#pragma once

#include "base/demand.h"
#include "base/task.h"
#include "base/task_group.h"
#include "pool/idle_board.h"
#include "pool/member.h"
#include "pool/placement.h"
#include "pool/start_queue.h"

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace proa::pool {

class Pool;

/// What is parked has a /tmp of Lambda's default size. A function that wants another is started
/// anew.
inline constexpr std::uint32_t kParkedTmpMib = 512;

/// Whose functions may be given a machine that waits.
enum class ParkedMachines {
  none,         ///< nobody's: all that is parked are containers
  shared,       ///< any account's
  per_account,  ///< those of the account that it was started for
};

/// An environment for one call. Movable; gives the environment back when destroyed.
class Lease {
 public:
  Lease(Pool& pool, MemberPtr member, model::Start start);
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease();

  environment::Environment& environment() { return member_->environment; }
  /// How it came to be: what the caller is told in X-Proa-Start.
  model::Start start() const { return start_; }

 private:
  Pool* pool_;
  MemberPtr member_;
  model::Start start_;
};

struct PoolOptions {
  std::size_t shard = 0;
  std::size_t parked_max = 8;  ///< of this shard, all runtimes together
  ParkedMachines machines = ParkedMachines::none;
  StartQueue::Options starts;
};

/// What the pool asks of others; given by main.
struct PoolHooks {
  /// Whether new calls still run this version: environments of replaced ones are retired.
  std::function<bool(const model::FunctionVersion&)> is_current;
  /// Told of every decision of place(), for the log; may be empty.
  std::function<void(const model::FunctionVersion&, const Result<Placement>&)> placed;
};

/// What a pool has done since the daemon began.
struct PoolHistory {
  std::uint64_t started_for_calls = 0;
  std::uint64_t started_ahead = 0;  ///< parked
  std::uint64_t failed_for_calls = 0;
  std::uint64_t failed_ahead = 0;
  std::uint64_t ended = 0;

  PoolHistory& operator+=(const PoolHistory& other);
};

/// Numbers for `proa status` and metrics.h.
struct PoolCounts {
  std::size_t idle = 0;
  std::size_t frozen = 0;
  std::size_t leased = 0;
  std::size_t parked = 0;
  std::size_t starting = 0;
  std::size_t waiting = 0;  ///< calls that wait for their turn to start one
  std::map<std::string, std::size_t> parked_by_runtime;
  PoolHistory history;

  PoolCounts& operator+=(const PoolCounts& other);
};

/// See above. Owned by its shard; close() before destruction.
class Pool {
 public:
  Pool(environment::EnvironmentParts parts, const environment::RuntimePrograms& programs,
       IdleBoard& board, Budget& budget, PoolOptions options, PoolHooks hooks);
  ~Pool();

  /// Whether lease() would be answered by an idle environment at once.
  bool has_idle(const model::FunctionPtr& function) const;
  /// Where a call of `function` should run, when has_idle() is false. Errc: unsupported (no
  /// interpreter), throttled (Lambda's Reason, a colon, and what the host is short of).
  Result<Placement> place(const model::FunctionPtr& function);
  /// What place() and lease() would decide for a call of `function` that arrives here now: which
  /// interpreter and process, which environment, what would have to end to make room. Starts and
  /// takes nothing.
  std::vector<DecisionRecord> explain(const model::FunctionPtr& function);
  /// An environment of `function`, ready for invoke(). Waits while as many others start as may at
  /// the same time. Errc: unsupported (no interpreter), throttled (as above, or waited too long),
  /// exhausted, unavailable, os.
  Task<Lease> lease(model::FunctionPtr function);

  /// Keeps at least one parked environment of each runtime program from now on.
  void keep_parked(const std::vector<environment::RuntimeProgram>& programs);
  PoolCounts counts() const;
  /// Every environment there is, those in the hands of calls and those that start or end included;
  /// with an account, only those of its functions.
  std::vector<environment::EnvironmentReport> reports(
      const std::optional<std::string>& account_id) const;
  /// The functions of the calls that wait for their turn to start an environment.
  std::vector<model::FunctionPtr> waiting() const { return queue_.wanted(); }
  /// Ends the environments of those functions: idle ones now, others when their call is over.
  void retire_all(const std::function<bool(const model::FunctionVersion&)>& is_meant);
  /// Applies the idle policy now (idle_policy.cpp). The pool's own timer does so all the time.
  void sweep();
  /// Parks nothing any more, gives up what is being started ahead, and waits for its end: it asks
  /// other shards for what machines are made of. Before any shard ends.
  Task<void> stop_parking();
  /// Ends every environment; leases must have been given back. Who still waits for one gets
  /// unavailable.
  Task<void> close();

 private:
  friend class Lease;
  /// What is started ahead of a function: an interpreter, or (none) the sandbox alone.
  using Program = std::optional<environment::RuntimeProgram>;
  /// What a function is run by.
  struct Needs {
    environment::RuntimeProgram program;
    Program ahead;  ///< none: it needs a runtime process of its own
    sandbox::SandboxSpec spec;
    /// Of machines that may be parked.
    std::optional<sandbox::ExpectedFunction> expect;
    Bytes memory;  ///< that the host gives for it
    /// Whether what is parked is of use to it.
    bool may_be_parked() const;
  };
  /// What a call has after its turn in the queue: an environment, or leave to start one.
  struct Turn {
    MemberPtr member;
    Claim claim;  ///< not held where a parked environment was expected
  };
  /// How often idle environments are looked at: often while one may have to be frozen.
  enum class Sweep { none, slow, quiet, busy };
  struct Idle {
    MemberPtr member;
    SteadyTime since;
  };
  struct Group {
    model::FunctionPtr function;  ///< held, so that no other version can get its address
    std::vector<Idle> idle;       ///< back = most recently used
    std::shared_ptr<IdleCounts> counts;
  };
  /// Parked environments of one kind: containers of a runtime program, or without one, or machines
  /// for functions of one size and kernel.
  struct Parked {
    Program program;
    std::string family;
    std::string kind;  ///< its key
    std::optional<sandbox::ExpectedFunction> expect;
    Bytes memory;  ///< that one counts as
    std::deque<MemberPtr> ready;
    std::size_t starting = 0;
    std::size_t at_least = 0;
    Demand demand;
    SteadyTime wanted_at;   ///< by the last call
    unsigned failures = 0;  ///< in a row
    SteadyTime retry_at;
    std::shared_ptr<IdleCounts> counts;
  };

  Task<Lease> prepare(model::FunctionPtr function);
  Result<Needs> needs_of(const model::FunctionVersion& function) const;
  Task<Turn> take_turn(model::FunctionPtr function, const Needs& needs, bool takes_parked);
  Task<Lease> start_new(model::FunctionPtr function, Needs needs, Claim claim);
  Task<Lease> assign_parked(model::FunctionPtr function, Needs needs, MemberPtr member);
  Task<void> claim_for(Bytes memory, Claim& claim);
  Task<void> make_room(std::function<Result<void>()> attempt);
  MemberPtr take_idle(const model::FunctionPtr& function);
  MemberPtr take_oldest_idle();
  MemberPtr make_member(Claim claim, Program program, sandbox::SandboxSpec spec,
                        std::optional<sandbox::ExpectedFunction> expect = std::nullopt);
  void give_back(MemberPtr member);
  void push_idle(MemberPtr member);
  void retire(MemberPtr member);
  boost::asio::awaitable<void> end(MemberPtr member);
  boost::asio::awaitable<void> reset_one(MemberPtr member);
  void note_idle(Group& group, int change);
  /// What place() chooses from, and whether the host has room for one more.
  std::pair<PlacementFacts, Result<void>> facts_of(const model::FunctionPtr& function,
                                                   const Needs& needs);
  void add_room(PlacementFacts& facts, const Result<void>& room) const;
  const Member* next_idle(const model::FunctionPtr& function) const;
  Group* oldest_idle();
  DecisionRecord explain_room(const Result<void>& room, const std::string& account_id);

  Parked& parked_of(const Program& program,
                    const std::optional<sandbox::ExpectedFunction>& expect = std::nullopt);
  MemberPtr take_parked(Parked& parked);
  MemberPtr take_spare_parked();
  Parked* most_parked();
  bool expects_parked(const Parked& parked) const;
  void note_parked(Parked& parked, int change);
  std::size_t wanted(const Parked& parked, SteadyTime now) const;
  std::size_t parked_count() const;
  void replenish();
  bool park_next(Parked& parked);
  boost::asio::awaitable<void> park_one(Parked& parked, Claim claim);
  bool sweep_parked(SteadyTime now);

  void arm_sweep();
  void schedule_sweep(Sweep pace);
  bool sweep_group(Group& group, SteadyTime now);

  environment::EnvironmentParts parts_;
  const environment::RuntimePrograms& programs_;
  IdleBoard& board_;
  Budget& budget_;
  PoolOptions options_;
  PoolHooks hooks_;
  // Keyed by address: the group holds the version, so no other gets that address meanwhile.
  std::unordered_map<const model::FunctionVersion*, Group> groups_;
  /// By kind. Those of containers stay, those of machines until nobody wants any.
  std::map<std::string, Parked> parked_;
  SteadyTime no_parking_until_;  ///< what was parked had to make room
  StartQueue queue_;
  PoolHistory history_;
  std::unordered_set<Member*> members_;  ///< all that exist, wherever they are held
  std::size_t leased_ = 0;
  std::size_t starting_ = 0;
  std::size_t preparing_ = 0;  ///< calls whose environment is being started or given its code
  boost::asio::steady_timer all_prepared_;
  bool is_closing_ = false;
  bool is_parking_over_ = false;
  Sweep sweep_ = Sweep::none;
  boost::asio::steady_timer sweep_timer_;
  TaskGroup parking_;  ///< what is being started ahead
  TaskGroup tasks_;
};

}  // namespace proa::pool
