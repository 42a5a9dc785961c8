// Schedules: functions that run by the clock.
//
// Nouns: Schedule (a name, what a user said, and what has come of it), Definition (what was said),
// Progress (what has come of it: the run before, missed runs), run (one event on the queue of
// asynchronous calls), due (when a run should begin). `api` changes schedules, main starts and
// closes them; they call calendar (when), catalog (is the function there), dispatch (the queue) and
// storage. All that changes does so on one strand over the blocking pool; what is read comes from
// immutable Schedules behind one mutex, on any thread. A change is on the disk before its Task
// completes. Long documents: docs/guides/schedules.md, docs/decisions/0019-schedules.md.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "base/task_group.h"
#include "calendar/calendar.h"
#include "catalog/catalog.h"
#include "dispatch/dispatch.h"
#include "model/function_ref.h"
#include "storage/batch_store.h"
#include "telemetry/telemetry.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proa::schedule {

/// Whose a schedule is, and what it is called there.
struct Name {
  std::string account_id;
  std::string region;
  std::string name;

  auto operator<=>(const Name&) const = default;
  /// arn:aws:scheduler:REGION:ACCOUNT:schedule/default/NAME, as EventBridge Scheduler writes it.
  std::string arn() const;
};

/// What becomes of the latest run that could not begin in time; all before it are missed anyhow.
enum class MissedPolicy { skip, run_once };
/// "skip" and "run-once"; nothing for other words.
std::string_view to_string(MissedPolicy policy);
std::optional<MissedPolicy> parse_missed_policy(std::string_view text);

/// What a user said. A value.
struct Definition {
  model::FunctionRef function;  ///< of the schedule's account and region
  calendar::Expression expression;
  calendar::Zone zone = {};  ///< an unknown one is refused unless the schedule has had it
  std::string input = {};  ///< JSON; empty: EventBridge's event
  std::string description = {};
  bool is_enabled = true;
  MissedPolicy missed = MissedPolicy::skip;
  std::optional<WallTime> start = {};  ///< no run before it; whole milliseconds, as `end`
  std::optional<WallTime> end = {};    ///< no run behind it
};

/// A run that is on the queue.
struct Run {
  WallTime due;
  WallTime queued;
  std::string request_id;
};

/// A run that the queue did not take.
struct Failure {
  WallTime due;
  WallTime at;
  std::string reason;
};

/// The times of missed runs that are kept, the latest ones.
inline constexpr std::size_t kMissedKept = 20;

/// What has come of a schedule. A value; times in whole milliseconds.
struct Progress {
  WallTime begin;    ///< rates count from here
  WallTime through;  ///< all that was due until then has run, was missed, or failed
  std::optional<WallTime> intended = {};  ///< a run that is on its way to the queue
  std::optional<Run> last_run = {};
  std::optional<Failure> failure = {};  ///< of the latest run, if it failed
  std::uint64_t runs = 0;
  std::uint64_t failed = 0;
  std::uint64_t missed = 0;
  std::vector<WallTime> missed_times = {};  ///< the latest ones, the last of them first
};

/// A schedule at one moment; immutable.
struct Schedule {
  Name name;
  Definition definition;
  WallTime created;
  WallTime updated;
  std::uint64_t revision = 1;  ///< grows with each change that a user makes
  Progress progress;
};
/// Shared by the list of schedules and whoever reads it: either may let go last.
using SchedulePtr = std::shared_ptr<const Schedule>;

/// What can be said of it in a word.
enum class State {
  active,
  disabled,
  ended,        ///< nothing comes any more
  no_zone,      ///< the system's tzdata has its time zone no more: it waits
  no_function,  ///< what it names is not there
  failing,      ///< the queue did not take the latest run
};
/// "active", "disabled", "ended", "no_zone", "no_function", "failing".
std::string_view to_string(State state);

/// A schedule for whoever looks at it.
struct View {
  SchedulePtr schedule;
  State state = State::active;
  std::optional<WallTime> next;  ///< nothing: none comes, or it is disabled
};

/// Since the daemon began, but for the first two.
struct Counts {
  std::uint64_t schedules = 0;
  std::uint64_t enabled = 0;
  std::uint64_t runs = 0;
  std::uint64_t failed = 0;
  std::uint64_t missed = 0;
};

/// What Schedules stand on; all of it outlives them.
struct Parts {
  storage::BatchStore& store;
  dispatch::EventQueue& events;
  catalog::Catalog& catalog;
  boost::asio::thread_pool& blocking;
  Clock& clock;
  telemetry::Logger log;
};

struct Options {
  /// A run that begins no later than this is not missed: `--schedule-late-max`.
  std::chrono::milliseconds late_max{60'000};
  /// Of one account in one region.
  std::size_t schedules_max = 10'000;
  /// Of the runs, 0 to 1 are recorded as traces (model/trace_context.h).
  double trace_sample_share = 0;
};

/// All schedules of a daemon, and the one loop that runs them. Owned by main.
class Schedules {
 public:
  /// Loads all records (blocks). Errc: corrupt (names the record), unsupported (written by a newer
  /// Proa), os.
  static Result<std::unique_ptr<Schedules>> open(Parts parts, Options options);
  /// Close before.
  ~Schedules();

  /// Begins to run what is due, first of all what was intended when the daemon was killed.
  Task<void> start();
  /// Begins nothing more, and comes back when nothing is on its way to the queue.
  Task<void> close();
  /// What the loop does when it wakes: begins all that is due. For tests, instead of start().
  Task<void> look();

  /// By their names, behind `after`.
  std::vector<View> list(const model::Scope& scope, const std::string& after,
                         std::size_t max) const;
  /// Errc: not_found.
  Result<View> find(const Name& name) const;
  Counts counts() const;

  /// Errc: conflict (exists), invalid (never comes, lies in the past ...), not_found (the
  /// function), throttled (too many schedules), exhausted, os.
  Task<View> create(Name name, Definition definition);
  /// Makes it, or replaces what was said. A new time (expression, zone, start) begins anew; other
  /// changes leave alone when it runs. Errc: as create(), but for conflict; precondition
  /// (`revision` is given and not that of the schedule).
  Task<View> put(Name name, Definition definition, std::optional<std::uint64_t> revision);
  /// Errc: not_found, os.
  Task<void> remove(Name name);
  /// Queues a run besides those that are due; gives its request id. Errc: not_found (the schedule
  /// or its function), and as EventQueue::accept().
  Task<std::string> run_now(Name name);

 private:
  using Strand = boost::asio::strand<boost::asio::thread_pool::executor_type>;
  using Map = std::map<Name, SchedulePtr>;
  /// One run on its way.
  struct Attempt {
    SchedulePtr schedule;  ///< as it was when the run was decided
    WallTime due;
    std::string request_id;
    std::optional<Result<void>> accepted;
  };

  Schedules(Parts parts, Options options);
  Result<void> load();
  View view_of(SchedulePtr schedule) const;
  SchedulePtr found(const Name& name) const;
  std::vector<SchedulePtr> all() const;
  void show(SchedulePtr schedule);
  WallTime now() const;

  // On the strand. schedules.cpp
  Result<View> change(const Name& name, Definition definition, bool is_new,
                      std::optional<std::uint64_t> revision);
  Result<void> check_room(const Name& name) const;
  Result<void> erase(const Name& name);
  model::Invocation invocation_of(const Schedule& schedule, WallTime due, std::string request_id);
  Task<std::string> run_now_here(Name name);

  // On the strand. runner.cpp
  boost::asio::awaitable<std::optional<Result<void>>> start_here();
  boost::asio::awaitable<std::optional<Result<void>>> close_here();
  boost::asio::awaitable<std::optional<Result<void>>> look_here();
  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<void> run_batch(std::vector<SchedulePtr> batch);
  boost::asio::awaitable<void> queue_run(Attempt& attempt);
  std::vector<SchedulePtr> take_due();
  std::vector<Attempt> decide(const std::vector<SchedulePtr>& batch);
  std::vector<Attempt> intend(std::vector<Schedule> changed);
  void settle(const std::vector<Attempt>& attempts);
  void settle_one(const Attempt& attempt, Schedule& schedule);
  Result<void> store_progress(const std::vector<Schedule>& changed);
  void plan(const Schedule& schedule);
  void plan_at(const Name& name, std::optional<WallTime> due);
  void look_at_clock();
  boost::asio::awaitable<void> wait();
  void tell_missed(const Schedule& schedule, std::uint64_t missed);

  Parts parts_;
  Options options_;
  Strand strand_;
  boost::asio::steady_timer timer_;
  TaskGroup tasks_;
  bool is_closing_ = false;
  std::map<Name, WallTime> planned_;
  std::set<std::pair<WallTime, Name>> line_;  ///< the same by time
  WallTime seen_;                             ///< the latest look at the clock
  RandomSource random_;
  mutable std::mutex mutex_;
  Map schedules_;   // guarded, as the next
  Counts counted_;  // without the first two
};

}  // namespace proa::schedule
