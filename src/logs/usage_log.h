// The usage records on the disk: one log for all accounts. Private to logs/.
#pragma once

#include "logs/log_scan.h"
#include "logs/logs.h"
#include "storage/segment_log.h"

#include <filesystem>
#include <string>
#include <vector>

namespace proa::logs {

/// The record of a call: what the log entry of its end says, and whose it was.
UsageRecord usage_of(const LogStream& stream, const RequestId& request, CallRecord call);

/// What a query finds in these segments, oldest first. Blocks. Errc: invalid (`after`).
Result<UsagePage> scan_usage(const std::vector<storage::SegmentView>& segments,
                             const UsageQuery& query, std::vector<Damage>& damage);

}  // namespace proa::logs
