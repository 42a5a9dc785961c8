// Usage records: what one call took, for accounts to be added up (BASE-32). Part of logs/'s public
// face, through logs.h.
#pragma once

#include "logs/call_record.h"
#include "model/function.h"

#include <optional>
#include <string>
#include <vector>

namespace proa::logs {

/// One call of one function. There is one for every call that an environment ran, whatever came of
/// it.
struct UsageRecord {
  std::string account_id;
  std::string region;
  std::string function;  ///< its name
  std::string version;   ///< that ran: a number or "$LATEST"
  std::string request_id;
  std::string environment_id;
  model::Isolation isolation = model::Isolation::container;
  CallRecord call;
  bool operator==(const UsageRecord&) const = default;
};

/// What to read of the records of an account.
struct UsageQuery {
  std::string account_id;
  std::string region;
  std::string function;                ///< name; empty: of all
  std::optional<WallTime> from;        ///< calls that ended at or after
  std::optional<WallTime> until;       ///< and before
  std::string after;                   ///< UsagePage::next; empty: from the oldest
  std::size_t max_records = 10'000;    ///< 1 at least
  Bytes max_scanned = Bytes::mib(64);  ///< looked through for one page, in whole segments
};

struct UsagePage {
  std::vector<UsageRecord> records;  ///< in the order in which they ended
  std::string next;                  ///< for UsageQuery::after
  bool is_end = false;               ///< nothing more for now; before, a page may be empty
};

}  // namespace proa::logs
