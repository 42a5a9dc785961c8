// The LogStore on the disk, and the writers of the shards: what main constructs.
#pragma once

#include "base/clock.h"
#include "base/task_group.h"
#include "logs/groups.h"
#include "logs/log_scan.h"
#include "logs/logs.h"
#include "logs/shard_writer.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace proa::logs {

struct KeeperOptions {
  std::filesystem::path logs_folder;
  std::filesystem::path usage_folder;
  std::chrono::hours log_age_max{24 * 14};
  Bytes logs_max = Bytes::mib(1024);
  std::chrono::hours usage_age_max{24 * 400};
  Bytes usage_max = Bytes::mib(1024);
  Bytes segment_max = Bytes::mib(8);
};

/// Writes what the shards put in, about every 10 ms while there is something, on a thread of its
/// own; reads on another. Owned by main; constructed before the shards, closed when they have
/// ended. Its members but those of LogStore and end_waits() belong to main's thread.
class LogKeeper final : public LogStore {
 public:
  LogKeeper(KeeperOptions options, Clock& clock, telemetry::Logger log);
  ~LogKeeper() override;

  /// Finds what is there. Before the shards run; blocks. Errc: os.
  Result<void> open();
  /// Where each group ends. After open(), before any shard runs.
  std::map<GroupKey, LogPosition> ends() const;
  /// The groups that were written to since this was asked last; from the first time on, which tells
  /// all. What the shards have put in is written first. Any executor; for LogTail.
  Task<std::vector<GroupKey>> changed_groups();
  /// For the shard that runs on `shard`. Before any shard runs. Owned by the keeper.
  LogWriter& add_shard(boost::asio::any_io_executor shard);
  /// wait() answers at once from now on, so that a stop is not held up. Any thread.
  void end_waits();
  /// Ends waits, and writes what there is. The shards have ended. Blocks; the destructor does it
  /// where nobody did.
  void close();

  Task<LogPage> read(LogQuery query) override;
  Task<bool> wait(GroupKey group, std::optional<LogPosition> after, SteadyTime deadline) override;
  Task<std::vector<GroupSummary>> groups(std::string account_id, std::string region,
                                         std::string prefix) override;
  Task<std::vector<StreamSummary>> streams(GroupKey group) override;
  Task<UsagePage> usage(UsageQuery query) override;
  Task<LogCounts> counts() override;

 private:
  using Views = std::vector<storage::SegmentView>;
  /// What was taken for one group.
  struct Taken {
    WallTime time;
    const LogStream* stream;
    const Batch::Item* item;
    std::string_view body;
  };
  using TakenByGroup = std::map<Group*, std::vector<Taken>>;
  struct Waiter {
    GroupKey group;
    boost::asio::steady_timer timer;
  };

  void arm();
  void write_all();
  void sort_out(const Batch& batch, TakenByGroup& out);
  /// Sorts it, so that time does not go back behind `last_time`, which it moves on.
  static void put_in_order(std::vector<Taken>& taken, WallTime& last_time);
  void write_group(Group& group, std::vector<Taken>& taken);
  void write_usage();
  void give_back(Batch& batch);
  void sync_usage();
  void note_dropped(std::size_t events, const Error& error);
  void note_damage(const std::vector<Damage>& damage);
  boost::asio::awaitable<void> sweep();
  void trim_usage(WallTime now);
  Task<Views> views_of(GroupKey group);
  Task<LogPage> read_views(Views views, LogQuery query);
  Task<std::vector<StreamSummary>> read_streams(Views views);
  Task<UsagePage> read_usage(Views views, UsageQuery query);
  Task<bool> wait_here(GroupKey group, std::optional<LogPosition> after, SteadyTime deadline);
  Task<std::vector<GroupSummary>> groups_here(std::string account_id, std::string region,
                                              std::string prefix);
  Task<Views> usage_views();
  Task<LogCounts> counts_here();
  Task<std::vector<GroupKey>> changed_here();

  KeeperOptions options_;
  Clock& clock_;
  telemetry::Logger log_;
  boost::asio::thread_pool writing_{1};
  boost::asio::thread_pool reading_{1};
  Groups groups_;
  std::optional<storage::SegmentLog> usage_;
  std::vector<std::unique_ptr<ShardWriter>> shards_;
  std::vector<Batch> batches_;  ///< one a shard, kept for their memory
  std::string payload_;         ///< kept for its memory, as is the next
  std::string frames_;
  boost::asio::steady_timer write_timer_;
  boost::asio::steady_timer sync_timer_;
  boost::asio::steady_timer sweep_timer_;
  bool is_armed_ = false;
  bool is_sync_due_ = false;
  bool has_ended_waits_ = false;
  bool is_closing_ = false;
  bool is_closed_ = false;  ///< main's
  std::list<Waiter> waiters_;
  std::optional<std::set<GroupKey>> changed_;    ///< since it was asked for; none: never
  std::set<std::filesystem::path> told_damage_;  ///< the reading thread's
  WallTime last_ended_;                          ///< of the usage records in this process
  LogCounts counts_;
  SteadyTime next_complaint_;
  TaskGroup tasks_;
};

}  // namespace proa::logs
