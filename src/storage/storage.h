// Storage: the interface every durable record goes through, and its embedded implementation.
//
// Nouns: KeyValueStore (buckets of keys with revisions), WorkQueue (work that must be done once at
// least) and its DeadLetters (work that was given up). BlobStore follows with the feature that
// needs it (docs/architecture.md, "State"). Backends: sqlite/ (embedded, default); a JetStream one
// comes with clustering. Calls block: use the blocking pool or a thread of your own, never a shard.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::storage {

/// A stored value and the revision it was written at. Revisions grow with every write of a bucket.
struct Entry {
  std::string key;
  std::string value;
  std::uint64_t revision = 0;
};

/// Durable buckets of key and value. Thread-safe. A write has reached the disk when it returns.
class KeyValueStore {
 public:
  virtual ~KeyValueStore() = default;
  /// Errc: not_found, corrupt, os.
  virtual Result<Entry> get(std::string_view bucket, std::string_view key) = 0;
  /// Writes whatever was there before; returns the new revision. Errc: exhausted, os.
  virtual Result<std::uint64_t> put(std::string_view bucket, std::string_view key,
                                    std::string_view value) = 0;
  /// Writes only if the key's revision is `expected` (0: must not exist). Errc: conflict,
  /// exhausted, os.
  virtual Result<std::uint64_t> compare_and_put(std::string_view bucket, std::string_view key,
                                                std::string_view value, std::uint64_t expected) = 0;
  /// Removing what does not exist is not an error. Errc: os.
  virtual Result<void> remove(std::string_view bucket, std::string_view key) = 0;
  /// All entries of a bucket in key order. Errc: corrupt, os.
  virtual Result<std::vector<Entry>> list(std::string_view bucket) = 0;
};

/// A piece of work in a WorkQueue. It waits until it is due, is taken by who works on it, and then
/// finished, delayed or given up.
struct WorkItem {
  std::uint64_t id = 0;             ///< given by the queue; grows
  std::string group;                ///< who works on it: items are taken by group
  std::string head;                 ///< what is known of it: small, replaced as that changes
  std::string body;                 ///< what it is: may be large, never changed
  WallTime due;                     ///< not to be taken before; whole milliseconds
  std::uint32_t interruptions = 0;  ///< times the process ended while somebody had taken it
};

/// Work that was given up, kept until somebody looks at it.
struct DeadLetter {
  std::uint64_t id = 0;  ///< that of the item
  std::string group;
  std::string head;
  std::string body;  ///< empty in lists
  WallTime died;
  std::uint64_t size = 0;  ///< bytes of head and body
};

/// Changes that become true together.
struct WorkChanges {
  struct Push {
    WorkItem item;          ///< its id is filled in
    bool is_taken = false;  ///< by the caller, at once
  };
  struct Delay {
    std::uint64_t id = 0;
    WallTime due;
    std::string head;
  };
  struct GiveUp {
    std::uint64_t id = 0;
    WallTime died;
    std::string head;
  };
  std::vector<Push> pushed;
  std::vector<std::uint64_t> finished;  ///< of items that are taken, as of the two below
  std::vector<Delay> delayed;           ///< wait again
  std::vector<GiveUp> given_up;         ///< become dead letters

  bool is_empty() const {
    return pushed.empty() && finished.empty() && delayed.empty() && given_up.empty();
  }
};

/// Items of one group that wait.
struct WorkGroup {
  std::string name;
  std::uint64_t waiting = 0;
  WallTime next_due;
};

struct WorkCounts {
  std::uint64_t waiting = 0;
  std::uint64_t taken = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t dead_letter_bytes = 0;
};

/// Durable work. What is pushed is there until it is finished or its dead letter removed, whatever
/// ends in between: items that were taken when the process ended wait again after the next open.
/// Not thread-safe: one thread at a time.
class WorkQueue {
 public:
  /// `on_disk`: a power cut cannot undo it. `in_file`: the end of this process cannot, a power cut
  /// can; what follows on_disk carries it along.
  enum class Durability { on_disk, in_file };

  virtual ~WorkQueue() = default;
  /// All of them or none. Items that are not there (any more) are passed over. Errc: exhausted
  /// (disk full), corrupt, os.
  virtual Result<void> apply(WorkChanges& changes, Durability durability) = 0;
  /// Takes up to `max` items of a group that are due, the ones due longest first. Errc: as apply().
  virtual Result<std::vector<WorkItem>> take(std::string_view group, WallTime now,
                                             std::size_t max) = 0;
  /// Groups in which something waits.
  virtual Result<std::vector<WorkGroup>> groups() = 0;
  /// When the first waiting item of a group is due; nothing: none waits.
  virtual Result<std::optional<WallTime>> next_due(std::string_view group) = 0;
  /// All that waits is due so much earlier: the clock was set back. Errc: as apply().
  virtual Result<void> hasten(std::chrono::milliseconds by) = 0;
  virtual WorkCounts counts() const = 0;
  /// What the file has room for before it grows. Errc: as apply().
  virtual Result<Bytes> unused() = 0;
  /// Gives a part of unused() beyond `keep` back to the file system, so little that nobody waits
  /// for long. True: there is more to give. Errc: as apply().
  virtual Result<bool> shrink(Bytes keep) = 0;

  /// Dead letters whose group's name begins with `prefix`, behind id `after`, in the order of ids.
  virtual Result<std::vector<DeadLetter>> dead_letters(std::string_view prefix, std::uint64_t after,
                                                       std::size_t max) = 0;
  /// With its body. Errc: not_found.
  virtual Result<DeadLetter> dead_letter(std::uint64_t id) = 0;
  /// On disk when it returns. Errc: not_found.
  virtual Result<void> remove_dead_letter(std::uint64_t id) = 0;
  /// Lets it wait again as an item with the same id, on disk when it returns. Errc: not_found.
  virtual Result<void> revive(std::uint64_t id, std::string_view head, WallTime due) = 0;
  /// Removes some of those that died before `before`, and of the oldest ones until the rest fits
  /// `bytes_max`; so few that nobody waits for long. How many; none: that were all.
  virtual Result<std::uint64_t> forget_dead_letters(WallTime before, std::uint64_t bytes_max) = 0;
};

/// Opens (and creates or migrates) `file`. A newer format is refused (`unsupported`), damage is
/// `corrupt` and names the file, a second process on the same file is `conflict`.
Result<std::unique_ptr<KeyValueStore>> open_sqlite(const std::filesystem::path& file);
/// The same for a queue.
Result<std::unique_ptr<WorkQueue>> open_sqlite_queue(const std::filesystem::path& file);

}  // namespace proa::storage
