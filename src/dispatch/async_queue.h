// The EventQueue of a daemon: events in a storage::WorkQueue, run by the shards' dispatchers.
//
// Invariants: an event that was accepted is in the store until it has ended; while it runs it is
// marked as taken there, so that it waits again after a crash. Ends are stored in batches with what
// is accepted meanwhile. Functions do not wait for each other: each has its own line, window
// (event_window.h) and pause when there is no room for it.
#pragma once

#include "base/clock.h"
#include "base/pending.h"
#include "base/random.h"
#include "base/units.h"
#include "catalog/catalog.h"
#include "dispatch/dispatch.h"
#include "dispatch/event.h"
#include "dispatch/event_course.h"
#include "dispatch/event_window.h"
#include "storage/storage.h"
#include "telemetry/telemetry.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace proa::dispatch {

struct AsyncOptions {
  std::size_t running_max = 128;  ///< `--event-concurrency`
  std::size_t processors = 1;     ///< so many events of a function run at once in any case
  std::chrono::milliseconds retry_delay{60'000};  ///< `--event-retry-delay`
  Bytes disk_reserve = Bytes::mib(64);            ///< below this nothing new is accepted
  std::chrono::hours dead_letter_age{24 * 14};    ///< `--dead-letter-days`
  Bytes dead_letters_max = Bytes::mib(1024);      ///< `--dead-letter-mib`
};

/// What an AsyncQueue stands on; all of it outlives it.
struct AsyncParts {
  boost::asio::any_io_executor executor;  ///< of a thread of its own: the store blocks it
  catalog::Catalog& catalog;
  Clock& clock;
  telemetry::Logger log;
  /// Free bytes where the store lies; empty: enough.
  std::function<Bytes()> disk_left = {};
  /// The part of the host that was idle since it was asked last (processors' time), or is free
  /// (what environments need); empty: all of it.
  std::function<double()> idle_part = {};
};

/// See EventQueue. Owned by main; close() before destruction.
class AsyncQueue final : public EventQueue {
 public:
  /// Who runs events: a shard.
  struct Worker {
    boost::asio::any_io_executor executor;
    Dispatcher* dispatcher = nullptr;
  };
  using Store = Result<std::unique_ptr<storage::WorkQueue>>;

  /// A store that could not be opened is an error that every caller gets; calls that wait for their
  /// answer go on all the same.
  AsyncQueue(AsyncParts parts, Store store, AsyncOptions options);
  ~AsyncQueue() override;

  /// Begins to run what waits. Errc: as the store's. `workers` run until close() is over.
  Task<void> start(std::vector<Worker> workers);
  /// Accepts and begins nothing more; what runs gets until `deadline`, and waits again after the
  /// next start where that was not enough.
  Task<void> close(SteadyTime deadline);

  Task<void> accept(model::FunctionRef ref, model::Invocation invocation) override;
  Task<std::vector<DeadLetter>> dead_letters(Selection selection) override;
  Task<DeadLetter> dead_letter(model::Scope scope, std::uint64_t id) override;
  Task<void> rerun(model::Scope scope, std::uint64_t id) override;
  Task<void> forget(model::Scope scope, std::uint64_t id) override;
  Task<EventCounts> counts() override;

 private:
  /// Events of one function.
  struct Group {
    Group(std::string its_name, EventWindow its_window)
        : name(std::move(its_name)), window(its_window) {}
    std::string name;
    EventWindow window;
    std::uint64_t waiting = 0;  ///< in the store
    WallTime next_due;          ///< not later than that of the first that waits
    std::size_t running = 0;
    std::uint64_t looks = 0;  ///< at the host, that its window knows of
    unsigned throttles = 0;   ///< in a row
    WallTime blocked_until;
    std::uint64_t blocked_at = 0;  ///< generation of the catalog: another one ends the pause
    std::optional<WallTime> wake;  ///< when it is looked at again
    bool is_in_line = false;       ///< for a place among running_max
  };
  /// One attempt. Shared by the queue and the shard that runs it.
  struct Run {
    std::uint64_t id = 0;
    Group* group = nullptr;
    Event event;
    EventRules rules;
    Worker worker;
    std::optional<Result<model::InvocationResult>> result;
    boost::asio::cancellation_signal stop;  ///< the shard's thread only, from its start on
  };
  using RunPtr = std::shared_ptr<Run>;
  /// Events that are stored with one commit, and who waits for it.
  struct Batch {
    explicit Batch(boost::asio::any_io_executor executor) : stored(std::move(executor)) {}
    std::vector<Event> events;
    std::size_t owed = 0;  ///< pushes and comings that were there before its own
    std::size_t owed_coming = 0;
    std::vector<std::pair<RunPtr, std::size_t>> runs;  ///< that begin at once, and their pushes
    Pending<std::shared_ptr<const Error>> stored;      ///< null: it is on the disk
  };
  /// An item that waits in a group once changes_ are stored.
  struct Coming {
    Group* group = nullptr;
    WallTime due;
  };

  // On the queue's executor, as is everything below.
  Task<void> start_here(std::vector<Worker> workers);
  Task<void> close_here(SteadyTime deadline);
  Task<void> accept_here(Event event);
  Task<std::vector<DeadLetter>> dead_letters_here(Selection selection);
  Task<DeadLetter> dead_letter_here(model::Scope scope, std::uint64_t id);
  Task<void> rerun_here(model::Scope scope, std::uint64_t id);
  Task<void> forget_here(model::Scope scope, std::uint64_t id);
  Task<EventCounts> counts_here();
  Result<std::chrono::milliseconds> longest_delay();
  Result<storage::DeadLetter> find_letter(const model::Scope& scope, std::uint64_t id);
  Result<void> check_store() const;
  Result<void> check_disk(const Event& event);

  // async_store.cpp
  void plan_flush();
  void flush();
  void add_events(Batch& batch);
  void drop_events(const Batch& batch);
  void note_stored();
  void store_later(const Error& error);

  Group& group_of(const std::string& name);
  EventRules rules_of(const Event& event) const;
  std::size_t room_of(const Group& group) const;
  void pump(Group& group);
  void wait_for_place(Group& group);
  void pump_again(Group& group);
  void begin_taken(Group& group, storage::WorkItem item);
  RunPtr make_run(Group& group, Event event, EventRules rules);
  void begin(const RunPtr& run);
  static boost::asio::awaitable<void> attempt(RunPtr run);
  void ended(const RunPtr& run);
  void look_at_host(Group& group, std::size_t running);
  void settle(Run& run);
  void wait_for_room(Run& run, const std::string& reason);
  void end_event(std::uint64_t id, Event& event, const EventRules& rules, const Course& course);
  void put_back(std::uint64_t id, Group& group, const Event& event, WallTime due);
  void log_given_up(const Event& event, const Course& course, std::string_view destination);
  bool send_to(const std::string& destination, const Event& event, std::string_view condition);

  void later(std::function<void()> work);
  void wake_at(Group& group, WallTime at);
  void arm();
  void woken();
  WallTime look_at_clock();
  WallTime end_of_pause(Group& group, WallTime now);
  void set_back(WallTime::duration by);
  void feed_line();
  void sweep_dead_letters();
  void shrink_store();

  AsyncParts parts_;
  Store store_;
  AsyncOptions options_;
  RandomSource random_;
  std::vector<Worker> workers_;
  std::unordered_map<std::string, std::unique_ptr<Group>> groups_;
  std::size_t running_ = 0;
  std::set<RunPtr> runs_;
  std::deque<Group*> line_;  ///< groups that could run more if running_max allowed
  std::set<std::pair<WallTime, Group*>> wakes_;
  boost::asio::steady_timer wake_timer_;
  WallTime looked_at_clock_;
  boost::asio::steady_timer sweep_timer_;
  boost::asio::steady_timer retry_timer_;
  boost::asio::steady_timer all_ended_;
  std::shared_ptr<Batch> batch_;  ///< shared with the coroutines that wait for it
  storage::WorkChanges changes_;  ///< not stored yet
  std::vector<Coming> coming_;
  std::size_t posted_ = 0;  ///< by later(), and not run yet
  bool is_flush_planned_ = false;
  bool is_store_failing_ = false;
  bool is_closing_ = false;
  SteadyTime next_given_up_;  ///< when the log hears of one again
  std::uint64_t given_up_left_out_ = 0;
  SteadyTime looked_at_;
  std::uint64_t looks_ = 0;
  double idle_part_ = 1;
  SteadyTime disk_checked_at_;
  Bytes disk_left_;  ///< and within the store's file, less what came since it was looked at
  std::uint64_t forgotten_ = 0;  ///< dead letters, in the sweep that goes on
  EventCounts totals_;
};

}  // namespace proa::dispatch
