#include "storage/segment_log.h"

#include "base/check.h"
#include "os/file.h"
#include "storage/segments/frame.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <utility>

namespace proa::storage {
namespace fs = std::filesystem;
using segments::put_number;

namespace {

constexpr std::string_view kSuffix = ".seg";
constexpr mode_t kSegmentMode = 0640;
/// Other names are nobody's segments: there are no such times, and numbers must be able to grow.
constexpr std::int64_t kFirstMsMax = 9'000'000'000'000;  // the year 2255
constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62U;

std::int64_t as_us(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

WallTime whole_milliseconds(WallTime time) {
  return WallTime(std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()));
}

Error failed(const fs::path& path, const char* what, int error) {
  return Error(error == ENOSPC || error == EDQUOT ? Errc::exhausted : Errc::os,
               path.string() + ": " + what, error);
}

template <class T>
bool read_whole(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

/// NUMBER-FIRSTMS.seg, or nothing.
std::optional<SegmentView> parse_name(const fs::path& path) {
  const std::string name = path.filename();
  if (!name.ends_with(kSuffix)) return std::nullopt;
  const std::string_view stem(name.data(), name.size() - kSuffix.size());
  const auto dash = stem.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  SegmentView view;
  std::int64_t first_ms = 0;
  if (!read_whole(stem.substr(0, dash), view.number)) return std::nullopt;
  if (!read_whole(stem.substr(dash + 1), first_ms)) return std::nullopt;
  if (view.number > kNumberMax || first_ms > kFirstMsMax || first_ms < -kFirstMsMax) {
    return std::nullopt;
  }
  view.path = path;
  view.first = WallTime(std::chrono::milliseconds(first_ms));
  return view;
}

WallTime modified(const struct stat& status) {
  const auto seconds = std::min<std::int64_t>(status.st_mtim.tv_sec, kFirstMsMax / 1000);
  return WallTime(std::chrono::seconds(seconds) +
                  std::chrono::microseconds(status.st_mtim.tv_nsec / 1000));
}

Result<void> list_into(const fs::path& folder, std::vector<SegmentView>& out) {
  std::error_code error;
  fs::directory_iterator files(folder, error);
  if (error == std::errc::no_such_file_or_directory) return ok();
  for (; !error && files != fs::directory_iterator(); files.increment(error)) {
    auto view = parse_name(files->path());
    if (!view) continue;
    struct stat status {};
    if (::stat(view->path.c_str(), &status) != 0) continue;  // it went meanwhile
    if (!S_ISREG(status.st_mode)) continue;
    view->size = Bytes(static_cast<std::uint64_t>(status.st_size));
    // The kernel wrote that time with the last bytes, in steps of some milliseconds.
    view->last = std::max(view->first, modified(status) + std::chrono::seconds(1));
    out.push_back(std::move(*view));
  }
  if (error) return failed(folder, "cannot be listed", error.value());
  std::sort(out.begin(), out.end(),
            [](const SegmentView& a, const SegmentView& b) { return a.number < b.number; });
  return ok();
}

}  // namespace

std::uint32_t segments::crc32(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void frame_record(std::string& frames, WallTime time, std::string_view payload) {
  check(payload.size() <= kRecordMax, "a record is longer than readers take");
  put_number(frames, segments::kRecordMagic);
  put_number(frames, static_cast<std::uint32_t>(payload.size()));
  const std::size_t checksum_at = frames.size();
  put_number(frames, std::uint32_t{0});
  const std::size_t summed_from = frames.size();
  put_number(frames, as_us(time));
  frames.append(payload);
  const auto checksum = segments::crc32(std::string_view(frames).substr(summed_from));
  std::memcpy(frames.data() + checksum_at, &checksum, sizeof checksum);
}

SegmentLog::SegmentLog(fs::path folder, std::string about, Options options)
    : folder_(std::move(folder)), about_(std::move(about)), options_(options) {}

Result<SegmentLog> SegmentLog::open(fs::path folder, std::string about, Options options) {
  SegmentLog log(std::move(folder), std::move(about), options);
  TRY(list_into(log.folder_, log.segments_));
  std::uint64_t bytes = 0;
  for (const SegmentView& view : log.segments_) bytes += view.size.count();
  log.size_ = Bytes(bytes);
  if (!log.segments_.empty()) log.last_number_ = log.segments_.back().number;
  return log;
}

// A segment of an earlier process is never appended to: its end may be torn.
bool SegmentLog::must_begin_another(WallTime first, WallTime last, std::size_t bytes) const {
  if (!is_ours_ || segments_.empty()) return true;
  const SegmentView& now = segments_.back();
  return now.size.count() + bytes > options_.segment_max.count() || first < now.last ||
         last - now.first > options_.segment_age;
}

Result<void> SegmentLog::append(std::string_view frames, WallTime first, WallTime last) {
  bool is_another = must_begin_another(first, last, frames.size());
  if (!is_another && !file_) {
    auto opened = reopen();
    if (!opened && opened.error().code() != Errc::not_found) return opened;
  }
  if (!is_another) is_another = !file_ || !is_untouched();
  if (is_another) {
    TRY(begin_segment(first));
  }
  TRY(write(frames));
  segments_.back().last = last;
  return ok();
}

Result<void> SegmentLog::begin_segment(WallTime first) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return failed(folder_, "cannot be made", error.value());
  SegmentView view;
  view.first = whole_milliseconds(first);
  // Grows also when every segment was removed and the process began anew: places are compared.
  const auto since_1970 = std::max<std::int64_t>(epoch_ms(view.first), 0);
  last_number_ = std::max(last_number_ + 1, static_cast<std::uint64_t>(since_1970));
  view.number = last_number_;
  view.last = view.first;
  char name[64];
  std::snprintf(name, sizeof name, "%013llu-%lld.seg", static_cast<unsigned long long>(view.number),
                static_cast<long long>(epoch_ms(view.first)));
  view.path = folder_ / name;
  TRY(auto file, os::open_file(view.path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, kSegmentMode));
  if (options_.is_synced && is_unsynced_ && file_) full_unsynced_.push_back(std::move(file_));
  is_unsynced_ = false;
  file_ = std::move(file);
  segments_.push_back(std::move(view));
  is_ours_ = true;
  std::string head(segments::kSegmentMagic);
  put_number(head, static_cast<std::uint32_t>(about_.size()));
  put_number(head, segments::crc32(about_));
  head.append(about_);
  auto written = write(head);
  if (written) return ok();
  ::unlink(segments_.back().path.c_str());
  segments_.pop_back();
  is_ours_ = false;
  file_.reset();
  return written;
}

// What goes into a file that somebody removed is lost, and behind a cut no place is what it was.
bool SegmentLog::is_untouched() const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0 || status.st_nlink == 0) return false;
  return static_cast<std::uint64_t>(status.st_size) == segments_.back().size.count();
}

Result<void> SegmentLog::reopen() {
  TRY(auto file, os::open_file(segments_.back().path, O_WRONLY | O_APPEND));
  file_ = std::move(file);
  return ok();
}

// What a full disk took of it is cut off again; where even that fails, the segment is left alone.
Result<void> SegmentLog::write(std::string_view bytes) {
  SegmentView& now = segments_.back();
  std::string_view left = bytes;
  while (!left.empty()) {
    const ssize_t count = ::write(file_.get(), left.data(), left.size());
    if (count >= 0) {
      left.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    const int error = errno;
    if (::ftruncate(file_.get(), static_cast<off_t>(now.size.count())) != 0) is_ours_ = false;
    return failed(now.path, "write", error);
  }
  now.size = Bytes(now.size.count() + bytes.size());
  size_ = Bytes(size_.count() + bytes.size());
  is_unsynced_ = true;
  return ok();
}

Result<std::vector<os::UniqueFd>> SegmentLog::take_unsynced() {
  if (is_unsynced_) {
    if (!file_) {
      TRY(reopen());
    }
    os::UniqueFd file(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
    if (!file) return failed(segments_.back().path, "dup", errno);
    full_unsynced_.push_back(std::move(file));
    is_unsynced_ = false;
  }
  return std::exchange(full_unsynced_, {});
}

Result<Bytes> SegmentLog::remove_older_than(WallTime time) {
  std::uint64_t freed = 0;
  while (!segments_.empty() && segments_.front().last < time) {
    TRY(const Bytes one, remove_oldest());
    freed += one.count();
  }
  return Bytes(freed);
}

Result<Bytes> SegmentLog::remove_oldest() {
  if (segments_.empty()) return Bytes();
  const SegmentView& oldest = segments_.front();
  if (::unlink(oldest.path.c_str()) != 0 && errno != ENOENT) {
    return failed(oldest.path, "unlink", errno);
  }
  const Bytes freed = oldest.size;
  if (segments_.size() == 1) {
    file_.reset();
    is_ours_ = false;
    is_unsynced_ = false;
  }
  segments_.erase(segments_.begin());
  size_ = Bytes(size_.count() - freed.count());
  return freed;
}

}  // namespace proa::storage
