// SegmentLog: records appended to files that are removed whole, oldest first.
//
// For what is written all the time and read rarely: function logs and usage records. A folder holds
// one log; a segment is a file NUMBER-FIRSTTIME.seg (milliseconds since 1970), so that listing the
// folder tells what is where and a start reads nothing. Times do not go back within a segment: a
// clock that was set back begins another one. Long document: docs/reference/segment-format.md.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "os/unique_fd.h"

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::storage {

/// Longest payload of a record.
inline constexpr std::size_t kRecordMax = std::size_t{1} << 20U;

/// Appends a record to `frames`, for SegmentLog::append(). `payload`: kRecordMax bytes at most.
void frame_record(std::string& frames, WallTime time, std::string_view payload);

/// A segment as far as it was written when asked. A value: stays true while the file grows.
struct SegmentView {
  std::filesystem::path path;
  std::uint64_t number = 0;
  WallTime first;  ///< of its records, whole milliseconds
  WallTime last;   ///< not before its last record
  Bytes size;
};

/// One log. One thread at a time; blocks. Views of it may be read on any thread meanwhile.
class SegmentLog {
 public:
  struct Options {
    Bytes segment_max = Bytes::mib(8);
    std::chrono::seconds segment_age = std::chrono::hours(24);  ///< from first to last record
    bool is_synced = false;  ///< take_unsynced() is asked: a full segment waits for it
  };

  /// Lists the folder, which need not exist; files with other names are left alone. `about` goes
  /// into each new segment's head, for whoever finds the file alone: 64 KiB at most. Errc: os.
  static Result<SegmentLog> open(std::filesystem::path folder, std::string about, Options options);

  /// Appends what frame_record() made, by one write; all of it or, with an error, nothing. The
  /// times of the records lie between `first` and `last` in their order. What is more than
  /// segment_max makes one segment that is longer. A segment that somebody removed or cut is not
  /// gone on with. Errc: exhausted (disk full), os.
  Result<void> append(std::string_view frames, WallTime first, WallTime last);
  /// The files with what was appended since this was asked last, for fdatasync(2) on a thread that
  /// may wait: mostly one, none when there is nothing. With Options::is_synced. Errc: not_found (it
  /// was removed), exhausted, os.
  Result<std::vector<os::UniqueFd>> take_unsynced();
  /// Closes the file that is appended to; append() opens it again.
  void close_file() { file_.reset(); }
  bool is_file_open() const { return static_cast<bool>(file_); }

  /// Oldest first.
  const std::vector<SegmentView>& segments() const { return segments_; }
  Bytes size() const { return size_; }
  /// Removes segments whose last record is older. How many bytes; Errc: os.
  Result<Bytes> remove_older_than(WallTime time);
  /// Removes the oldest one, also when it is the one that is written to. Errc: os.
  Result<Bytes> remove_oldest();

 private:
  SegmentLog(std::filesystem::path folder, std::string about, Options options);
  bool must_begin_another(WallTime first, WallTime last, std::size_t bytes) const;
  Result<void> begin_segment(WallTime first);
  bool is_untouched() const;
  Result<void> reopen();
  Result<void> write(std::string_view bytes);

  std::filesystem::path folder_;
  std::string about_;
  Options options_;
  std::vector<SegmentView> segments_;
  std::uint64_t last_number_ = 0;
  Bytes size_;
  os::UniqueFd file_;     ///< the last segment, when it is open
  bool is_ours_ = false;  ///< the last segment was begun by this object
  bool is_unsynced_ = false;
  std::vector<os::UniqueFd> full_unsynced_;  ///< segments before it, with Options::is_synced
};

/// Reads one segment. Damage is passed over to the next whole record, and told.
class SegmentReader {
 public:
  struct Record {
    std::uint64_t offset;  ///< where it begins: a place that keeps its meaning
    WallTime time;
    std::string_view payload;  ///< until the next call of next()
  };

  /// Errc: not_found (it was removed meanwhile), corrupt (its head), os; each names the file.
  static Result<SegmentReader> open(const SegmentView& view);

  const std::string& about() const { return about_; }
  /// Goes on at the record that begins at or after `offset`. Where none begins right there, what
  /// lies in front of it is no damage: `offset` may be anybody's.
  void seek(std::uint64_t offset);
  /// Nothing at the end. Errc: os; then nothing more can be read.
  Result<std::optional<Record>> next();
  /// Where the next record is looked for.
  std::uint64_t offset() const { return offset_; }
  /// Bytes that belong to no whole record, so far.
  std::uint64_t damaged_bytes() const { return damaged_bytes_; }

 private:
  SegmentReader(os::UniqueFd file, const SegmentView& view) : file_(std::move(file)), view_(view) {}
  Result<void> read_head();
  Result<bool> fill(std::size_t wanted);
  Result<bool> resync();
  std::string_view unread() const { return std::string_view(buffer_).substr(begin_); }
  void skip(std::size_t bytes);

  os::UniqueFd file_;
  SegmentView view_;
  std::string about_;
  std::string buffer_;       ///< of the file, up to offset_ + unread().size()
  std::size_t begin_ = 0;    ///< in buffer_: the byte at offset_
  std::uint64_t first_ = 0;  ///< offset of the first record
  std::uint64_t offset_ = 0;
  std::uint64_t damaged_bytes_ = 0;
  bool is_sought_ = false;  ///< no record was read since seek()
};

}  // namespace proa::storage
