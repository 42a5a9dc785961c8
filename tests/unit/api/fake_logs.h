// A LogStore in memory, as api sees it. Also for the fuzz target.
#pragma once

#include "logs/logs.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace proa::api {

/// Events in a map, in the order in which they were put in, each a second after the one before.
class FakeLogs final : public logs::LogStore {
 public:
  std::map<logs::GroupKey, std::vector<logs::LogEvent>> events;
  std::optional<logs::LogQuery> query;          ///< the last
  std::size_t page_max = 10'000;                ///< events of a page, whatever the query allows
  std::optional<logs::UsageQuery> usage_query;  ///< the last
  logs::UsagePage usage_page;                   ///< what every one is answered
  int waits = 0;
  std::function<bool()> on_wait;  ///< whether there is news; none: only when the waiter goes

  static logs::GroupKey key_of(const std::string& name);
  void put(const std::string& group, const std::string& stream, const std::string& message,
           const std::string& request_id = {});

  Task<logs::LogPage> read(logs::LogQuery wanted) override;
  Task<bool> wait(logs::GroupKey, std::optional<logs::LogPosition>, SteadyTime) override;
  Task<std::vector<logs::GroupSummary>> groups(std::string account_id, std::string region,
                                               std::string prefix) override;
  Task<std::vector<logs::StreamSummary>> streams(logs::GroupKey group) override;
  Task<logs::UsagePage> usage(logs::UsageQuery wanted) override;
  Task<logs::LogCounts> counts() override { co_return logs::LogCounts(); }

 private:
  static Error missing();
  static bool fits(const logs::LogEvent& event, const logs::LogQuery& wanted);
  logs::LogPage page_of(std::vector<logs::LogEvent> fitting, const logs::LogQuery& wanted,
                        const std::vector<logs::LogEvent>& all) const;
};

}  // namespace proa::api
