// Logs: what functions print, what the platform says of their calls, and what calls took.
//
// Nouns: LogStream (the life of one environment, as in CloudWatch), log group (where streams of a
// function go), LogWriter (one a shard: takes entries without waiting), LogEvent (an entry as it is
// read), LogStore (reads, waits, lists), CallRecord and UsageRecord (one a call). environment
// writes, api reads. A writer belongs to its shard; a store's members may be awaited on any
// executor and come back to it. Files: storage::SegmentLog, one a group. Long document:
// docs/flows/logs.md.
#pragma once

#include "base/result.h"
#include "base/task.h"
#include "base/units.h"
#include "logs/call_record.h"
#include "logs/platform_lines.h"
#include "logs/usage.h"
#include "model/function.h"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::logs {

/// Longest message of one event, as CloudWatch's: what a function prints in one line beyond it
/// goes on in another event.
inline constexpr std::size_t kMessageMax = 256 * 1024;

/// A log group of one account and region.
struct GroupKey {
  std::string account_id;
  std::string region;
  std::string name;  ///< "/aws/lambda/NAME", or what LoggingConfig says
  auto operator<=>(const GroupKey&) const = default;
};

/// Where the lines of one environment go. Shared by every entry in flight; any of them may end
/// last.
struct LogStream {
  GroupKey group;
  std::string environment_id;  ///< 32 hexadecimal digits
  WallTime created;
  model::FunctionPtr function;
  std::string head;        ///< of its entries in a segment: made once
  std::string usage_head;  ///< of its calls' usage records: likewise

  /// "2026/11/26/[$LATEST]ENVIRONMENT", as AWS_LAMBDA_LOG_STREAM_NAME says.
  std::string name() const;
};
using LogStreamPtr = std::shared_ptr<const LogStream>;
/// `environment_id`: 32 hexadecimal digits.
LogStreamPtr make_stream(model::FunctionPtr function, std::string environment_id, WallTime created);

/// Takes what happens in the environments of one shard, on its executor. Never waits, never fails:
/// what the disk cannot take is dropped later, and counted.
class LogWriter {
 public:
  virtual ~LogWriter() = default;
  /// A line that the function printed, without its newline: one event for each kMessageMax bytes
  /// of it. `request` is the call it printed it in.
  virtual void output(const LogStreamPtr& stream, const RequestId& request,
                      std::string_view line) = 0;
  /// The call begins.
  virtual void call_began(const LogStreamPtr& stream, const RequestId& request,
                          std::string_view trace_id) = 0;
  /// The call has ended: END and REPORT, and the usage record. Of the record's texts 1,024 bytes
  /// each are kept.
  virtual void call_ended(const LogStreamPtr& stream, const RequestId& request,
                          const CallRecord& record) = 0;
  /// The function's own initialisation begins, by this interpreter: INIT_START.
  virtual void init_began(const LogStreamPtr& stream, std::string_view runtime_identity) = 0;
  /// An initialisation that failed: INIT_REPORT.
  virtual void init_failed(const LogStreamPtr& stream, const FailedInit& init) = 0;
  /// More was given to it than the disk has taken: readers of pipes should wait, and are told by
  /// `resume`, once, when it has. The functions that print so much wait meanwhile, as on Lambda.
  virtual bool is_congested() const = 0;
  virtual void call_when_clear(std::function<void()> resume) = 0;
};

/// The place of an event in its group, which keeps its meaning; or one between two events. Text for
/// tokens.
struct LogPosition {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  std::uint32_t part = 0;  ///< from 1 on: an entry may be more than one event (END and REPORT)
  auto operator<=>(const LogPosition&) const = default;

  std::string to_text() const;  ///< letters, digits and '-'
  static std::optional<LogPosition> parse(std::string_view text);
};

/// An entry as it is read.
struct LogEvent {
  LogPosition position;      ///< of the event itself: unique in its group, the base of event ids
  WallTime time;             ///< when it was written, whole milliseconds
  std::string stream;        ///< LogStream::name()
  std::string request_id;    ///< of the call; empty: none ran
  std::string message;       ///< UTF-8: other bytes became U+FFFD; platform lines end in a newline
                             ///< in format Text, as function lines do
  std::string function;      ///< its name; empty where the entry does not tell it
  std::string trace_id;      ///< X-Amzn-Trace-Id, of START
  bool is_platform = false;  ///< the platform's line, not the function's
};

/// What to read of a group.
struct LogQuery {
  GroupKey group;
  std::optional<WallTime> from;      ///< at or after
  std::optional<WallTime> until;     ///< before
  std::vector<std::string> streams;  ///< names; empty: all
  std::string stream_prefix;
  std::string function;                           ///< name; empty: all that log to the group
  std::string request_id;                         ///< empty: all; none for what is no UUID
  std::function<bool(std::string_view)> matches;  ///< of a message; empty: all
  std::optional<LogPosition> after;               ///< events behind it
  std::optional<LogPosition> before;              ///< events in front of it
  bool is_newest_first = false;     ///< the last that fit, not the first; all the same in order
  std::size_t max_events = 10'000;  ///< 1 at least
  Bytes max_bytes = Bytes::mib(1);  ///< of messages; one event always fits
  /// Looked through for one page, in whole segments: what a disk cache gives in some 0.1 s.
  Bytes max_scanned = Bytes::mib(64);
};

/// An answer to a LogQuery. Reading ends early when much had to be looked through for little: then
/// `is_end` is false, and there may be no events.
struct LogPage {
  std::vector<LogEvent> events;
  LogPosition next;     ///< forward: for `after`; newest first: for `before`
  bool is_end = false;  ///< nothing more that way for now
};

struct GroupSummary {
  std::string name;
  WallTime created;
  Bytes stored;
};

struct StreamSummary {
  std::string name;
  WallTime first;  ///< its first event
  WallTime last;   ///< and its last
};

/// What the store holds, and what it could not keep, since the daemon began.
struct LogCounts {
  std::uint64_t groups = 0;
  Bytes stored;
  std::uint64_t written_events = 0;  ///< calls of LogWriter, END and REPORT being one
  std::uint64_t dropped_events = 0;  ///< the disk did not take them; and usage records
  Bytes usage_stored;
  std::string problem;  ///< why the last were dropped; empty since others were written
};

/// Reads what was written, some 20 ms after it happened.
class LogStore {
 public:
  virtual ~LogStore() = default;
  /// Errc: not_found (no such group), os.
  virtual Task<LogPage> read(LogQuery query) = 0;
  /// Until something was written behind `after` in the group, which need not exist yet, or
  /// `deadline`; whether it was. None: behind all that is there when asked. Followers pass
  /// LogPage::next: behind an event's own position there is something until a page found its end.
  /// Errc: cancelled.
  virtual Task<bool> wait(GroupKey group, std::optional<LogPosition> after,
                          SteadyTime deadline) = 0;
  /// The groups of an account and region whose names begin so, in the order of their names.
  virtual Task<std::vector<GroupSummary>> groups(std::string account_id, std::string region,
                                                 std::string prefix) = 0;
  /// Its streams, in the order of their first events. Errc: not_found, os.
  virtual Task<std::vector<StreamSummary>> streams(GroupKey group) = 0;
  virtual Task<UsagePage> usage(UsageQuery query) = 0;
  virtual Task<LogCounts> counts() = 0;
};

}  // namespace proa::logs
