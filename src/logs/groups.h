// The log groups on the disk: a folder each, ACCOUNT/REGION/NAME. Private to logs/.
#pragma once

#include "logs/logs.h"
#include "storage/segment_log.h"
#include "telemetry/telemetry.h"

#include <filesystem>
#include <map>

namespace proa::logs {

/// "g" and the name, with '=' for '/' and '@' for '#', which names do not have; a long name's end
/// is its hash. Never "." or "..".
std::string folder_name(std::string_view group);
/// The way back; nothing for other folders, and for those whose name is a hash.
std::optional<std::string> group_of_folder(std::string_view folder);

/// One group: its log, and where its last event stands.
struct Group {
  GroupKey key;
  storage::SegmentLog log;
  WallTime created;
  WallTime last_time;  ///< of its entries in this process
  LogPosition end;     ///< behind the last event that was written
};

/// All of them. Owned by the keeper; on its thread.
class Groups {
 public:
  struct Options {
    std::filesystem::path folder;
    std::chrono::hours age_max{24 * 14};
    Bytes stored_max = Bytes::mib(1024);
    Bytes segment_max = Bytes::mib(8);
  };

  Groups(Options options, telemetry::Logger log) : options_(std::move(options)), log_(log) {}

  /// Finds what is there. A folder that cannot be used is logged, and left alone. Errc: os.
  Result<void> open();
  /// nullptr: there is none.
  Group* find(const GroupKey& key);
  /// Made where it is missing. Errc: os.
  Result<Group*> find_or_make(const GroupKey& key, WallTime now);
  const std::map<GroupKey, Group>& all() const { return groups_; }
  Bytes stored() const { return stored_; }
  /// More is stored than may be: trim() is due.
  bool is_over() const { return stored_ > options_.stored_max; }

  /// After each append, also one that failed; `before` is how long the log was. Keeps the number of
  /// open files low: closes those not written lately.
  void note_written(Group& group, Bytes before);
  /// Removes what is too old, and then the oldest segments of the largest groups until no more is
  /// stored than may be: a function that prints much does not cost others their logs.
  void trim(WallTime now);

 private:
  Result<void> open_account(const std::filesystem::path& folder);
  void open_group(const std::filesystem::path& folder, GroupKey key);

  Options options_;
  telemetry::Logger log_;
  std::map<GroupKey, Group> groups_;  ///< never removed: the others point to them
  Bytes stored_;
  WallTime last_complaint_;
  std::vector<Group*> open_files_;  ///< least recently written first
};

}  // namespace proa::logs
