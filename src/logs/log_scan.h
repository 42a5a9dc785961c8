// Reading: a page of a group's events out of its segments. Private to logs/.
#pragma once

#include "logs/logs.h"
#include "storage/segment_log.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace proa::logs {

/// Damage that reading came upon, for the log of the daemon: once a file.
struct Damage {
  std::filesystem::path file;
  std::string what;  ///< names it
};

/// Nothing when it was removed meanwhile, or is no segment, which is told.
std::optional<storage::SegmentReader> open_segment(const storage::SegmentView& view,
                                                   std::vector<Damage>& damage);
/// Its next record, or nothing at its end and where it cannot be read, which is told.
std::optional<storage::SegmentReader::Record> next_record(storage::SegmentReader& reader,
                                                          const storage::SegmentView& view,
                                                          std::vector<Damage>& damage);
/// Tells what the reader passed over.
void note_damage(const storage::SegmentReader& reader, const storage::SegmentView& view,
                 std::vector<Damage>& damage);

/// What a query finds in these segments of its group, oldest first. Blocks: a reader's thread.
/// Segments that were removed meanwhile are passed over, and damaged ones read as far as they are
/// whole; what was found is appended to `damage`.
LogPage scan(const std::vector<storage::SegmentView>& segments, const LogQuery& query,
             std::vector<Damage>& damage);

/// The streams in these segments.
std::vector<StreamSummary> scan_streams(const std::vector<storage::SegmentView>& segments,
                                        std::vector<Damage>& damage);

}  // namespace proa::logs
