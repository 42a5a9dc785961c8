#include "os/file.h"
#include "storage/segment_log.h"
#include "storage/segments/frame.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace proa::storage {
using segments::kFrameSize;
using segments::number_at;

namespace {

constexpr std::size_t kReadSize = std::size_t{256} * 1024;
constexpr std::uint32_t kAboutMax = 64 * 1024;

std::string_view record_magic() {
  static const std::array<char, 4> kBytes = [] {
    std::array<char, 4> out{};
    std::memcpy(out.data(), &segments::kRecordMagic, out.size());
    return out;
  }();
  return {kBytes.data(), kBytes.size()};
}

}  // namespace

Result<SegmentReader> SegmentReader::open(const SegmentView& view) {
  TRY(auto file, os::open_file(view.path, O_RDONLY));
  SegmentReader reader(std::move(file), view);
  TRY(reader.read_head());
  return reader;
}

Result<void> SegmentReader::read_head() {
  const Error corrupt(Errc::corrupt, view_.path.string() + ": is no segment of a log");
  TRY(const bool has_head, fill(segments::kHeadSize));
  if (!has_head || !unread().starts_with(segments::kSegmentMagic)) return corrupt;
  const auto size = number_at<std::uint32_t>(unread(), 8);
  const auto checksum = number_at<std::uint32_t>(unread(), 12);
  if (size > kAboutMax) return corrupt;
  TRY(const bool has_about, fill(segments::kHeadSize + size));
  if (!has_about) return corrupt;
  about_ = unread().substr(segments::kHeadSize, size);
  if (segments::crc32(about_) != checksum) return corrupt;
  skip(segments::kHeadSize + size);
  first_ = offset_;
  return ok();
}

void SegmentReader::seek(std::uint64_t offset) {
  offset_ = std::max(offset, first_);
  is_sought_ = offset_ > first_;
  buffer_.clear();
  begin_ = 0;
}

void SegmentReader::skip(std::size_t bytes) {
  begin_ += bytes;
  offset_ += bytes;
}

// Whether so many bytes are there; then unread() has them.
Result<bool> SegmentReader::fill(std::size_t wanted) {
  if (unread().size() >= wanted) return true;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::uint64_t end = view_.size.count();
  while (buffer_.size() < wanted) {
    const std::uint64_t at = offset_ + buffer_.size();
    if (at >= end) return false;
    const std::size_t before = buffer_.size();
    const auto more = std::min<std::uint64_t>(std::max(kReadSize, wanted - before), end - at);
    buffer_.resize(before + more);
    const ssize_t count =
        ::pread(file_.get(), buffer_.data() + before, more, static_cast<off_t>(at));
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error(Errc::os, view_.path.string() + ": read", errno);
    if (count == 0) return false;  // somebody cut it
  }
  return true;
}

Result<std::optional<SegmentReader::Record>> SegmentReader::next() {
  for (;;) {
    TRY(const bool has_frame, fill(kFrameSize));
    if (!has_frame) break;
    const auto size = number_at<std::uint32_t>(unread(), 4);
    if (unread().starts_with(record_magic()) && size <= kRecordMax) {
      TRY(const bool is_whole, fill(kFrameSize + size));
      const std::string_view summed = is_whole ? unread().substr(12, 8 + size) : "";
      if (is_whole && segments::crc32(summed) == number_at<std::uint32_t>(unread(), 8)) {
        Record record{offset_, segments::as_wall_time(number_at<std::int64_t>(unread(), 12)),
                      unread().substr(kFrameSize, size)};
        skip(kFrameSize + size);
        is_sought_ = false;
        return std::optional<Record>(record);
      }
    }
    TRY(const bool found, resync());
    if (!found) break;
  }
  const std::uint64_t left = view_.size.count() - std::min(view_.size.count(), offset_);
  if (!is_sought_) damaged_bytes_ += left;  // an end that a killed process left half written
  seek(view_.size.count());
  return std::optional<Record>();
}

// To the next place behind this one that looks like the begin of a record.
Result<bool> SegmentReader::resync() {
  const std::uint64_t from = offset_;
  skip(1);
  for (;;) {
    TRY(const bool has_frame, fill(kFrameSize));
    if (!has_frame) {
      offset_ = from;  // next() counts what is left
      buffer_.clear();
      begin_ = 0;
      return false;
    }
    const auto found = unread().find(record_magic());
    if (found != std::string_view::npos) {
      skip(found);
      if (!is_sought_) damaged_bytes_ += offset_ - from;
      return true;
    }
    skip(unread().size() - (record_magic().size() - 1));
  }
}

}  // namespace proa::storage
