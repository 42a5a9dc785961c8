// The usage records on the disk: one log for all accounts. Private to logs/.
#pragma once

#include "logs/log_scan.h"
#include "logs/logs.h"
#include "storage/segment_log.h"

#include <filesystem>
#include <string>
#include <vector>

namespace proa::logs {

/// What a query finds in these segments, oldest first. Blocks. Errc: invalid (`after`).
Result<UsagePage> scan_usage(const std::vector<storage::SegmentView>& segments,
                             const UsageQuery& query, std::vector<Damage>& damage);

}  // namespace proa::logs
