#include "storage/disk_use.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <utility>

namespace proa::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBlock = 512;  // stat(2): st_blocks
constexpr std::uint64_t kMib = 1024 * 1024;

/// What the files below `folder` take; those that go meanwhile take nothing.
Bytes size_of(const fs::path& folder) {
  std::uint64_t sum = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    struct stat status {};
    const bool is_there = ::lstat(at->path().c_str(), &status) == 0;
    const bool is_shared = S_ISREG(status.st_mode) && status.st_nlink > 1;
    if (is_there && !is_shared) sum += static_cast<std::uint64_t>(status.st_blocks) * kBlock;
  }
  return Bytes(sum);
}

}  // namespace

Result<DiskReport> DiskUse::measure_free() const {
  struct statvfs status {};
  if (::statvfs(data_.c_str(), &status) != 0) return os_error("statvfs " + data_.string());
  DiskReport report;
  report.free = Bytes(static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize);
  report.total = Bytes(static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize);
  return report;
}

Result<void> DiskUse::check_room() const {
  if (reserve_.count() == 0) return ok();
  TRY(const auto now, measure_free());
  if (now.free >= reserve_) return ok();
  return Error(Errc::exhausted,
               "the disk of " + data_.string() + " has " + std::to_string(now.free.count() / kMib) +
                   " MiB free, less than the " + std::to_string(reserve_.count() / kMib) +
                   " MiB that --disk-reserve keeps");
}

Result<DiskReport> DiskUse::report() {
  TRY(auto report, measure_free());
  const std::lock_guard guard(mutex_);
  const SteadyTime now = clock_.steady_now();
  if (counted_ == SteadyTime::min() || now - counted_ >= kFreshness) {
    std::map<std::string, Bytes> kinds;
    std::error_code failed;
    for (fs::directory_iterator at(data_, failed), end; !failed && at != end;
         at.increment(failed)) {
      std::error_code unreadable;
      const fs::directory_iterator tried(at->path(), unreadable);
      if (unreadable) continue;
      kinds[at->path().filename().string()] = size_of(at->path());
    }
    if (failed) return os_error("read " + data_.string(), failed.value());
    kinds_ = std::move(kinds);
    counted_ = now;
  }
  report.kinds = kinds_;
  return report;
}

}  // namespace proa::storage
