// LogTail: what is written to all groups, read once, for whoever passes it on.
#pragma once

#include "logs/log_keeper.h"
#include "logs/logs.h"
#include "telemetry/telemetry.h"

#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace proa::logs {

/// Events of one group, in their order.
struct TailedEvents {
  GroupKey group;
  std::vector<LogEvent> events;
};

struct TailPage {
  std::vector<TailedEvents> groups;
  bool has_more = false;  ///< there is more already
};

/// Goes through the groups as they grow and remembers in a file how far it came, so that a restart
/// neither loses nor (but for the last second before a kill -9) repeats what was delivered. Without
/// that file it begins with what is written from now on. What a group's age and size limits remove
/// before it was delivered is gone. One at a time, on any one thread; owned by main. The keeper
/// outlives it.
class LogTail {
 public:
  /// After LogKeeper::open(), before any shard runs. Blocks.
  LogTail(LogKeeper& keeper, std::filesystem::path file, Clock& clock, telemetry::Logger log);
  /// Writes down what was delivered.
  ~LogTail();
  LogTail(const LogTail&) = delete;
  LogTail& operator=(const LogTail&) = delete;

  /// The events behind what was delivered, `max` of messages (one event always fits). Errc: os.
  Task<TailPage> next(Bytes max);
  /// All of the last page was.
  void delivered();

 private:
  bool load();
  void save();
  Task<bool> read_group(const GroupKey& group, Bytes room, TailPage& page);

  LogKeeper& keeper_;
  std::filesystem::path file_;
  Clock& clock_;
  telemetry::Logger log_;
  std::map<GroupKey, LogPosition> delivered_;
  std::map<GroupKey, LogPosition> read_;  ///< of the last page
  std::deque<GroupKey> waiting_;          ///< groups that may have more; the first is next
  std::set<GroupKey> is_waiting_;
  bool is_unsaved_ = false;
  bool is_failing_ = false;  ///< the last save() did
  SteadyTime save_at_;
};

}  // namespace proa::logs
