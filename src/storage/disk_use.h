// How full the disk of the data folder is, and with what.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace proa::storage {

/// The file system of a data folder, and what the folder has of it.
struct DiskReport {
  Bytes free;   ///< that the daemon may use
  Bytes total;  ///< of the file system
  /// On the disk, by part of the folder ("logs"). Files that are linked elsewhere, too, and parts
  /// that cannot be read (the disks of environments are root's) are not counted.
  std::map<std::string, Bytes> kinds;
};

/// Watches one data folder. Thread-safe; its owner outlives whoever asks.
class DiskUse {
 public:
  /// `reserve`: what must stay free for logs, queues and databases; 0: nothing.
  DiskUse(std::filesystem::path data_folder, Bytes reserve, Clock& clock)
      : data_(std::move(data_folder)), reserve_(reserve), clock_(clock) {}

  /// Whether more may be brought in; one statvfs(3), some 2 us. Errc: exhausted (less than the
  /// reserve is free; names both), os.
  Result<void> check_room() const;
  /// Blocks: looks at every file, at most once in kFreshness; what is free is always of now.
  /// Errc: os.
  Result<DiskReport> report();

  static constexpr std::chrono::minutes kFreshness{5};

 private:
  Result<DiskReport> measure_free() const;

  const std::filesystem::path data_;
  const Bytes reserve_;
  Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Bytes> kinds_;
  SteadyTime counted_ = SteadyTime::min();
};

}  // namespace proa::storage
