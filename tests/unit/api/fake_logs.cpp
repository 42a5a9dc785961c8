#include "unit/api/fake_logs.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace proa::api {

logs::GroupKey FakeLogs::key_of(const std::string& name) {
  return {"000000000000", "us-east-1", name};
}

void FakeLogs::put(const std::string& group, const std::string& stream, const std::string& message,
                   const std::string& request_id) {
  auto& list = events[key_of(group)];
  logs::LogEvent event;
  event.position = {1, 10 * list.size(), 1};
  event.time = WallTime(std::chrono::seconds(1'700'000'000 + list.size()));
  event.stream = stream;
  event.message = message;
  event.request_id = request_id;
  list.push_back(std::move(event));
}

Task<logs::LogPage> FakeLogs::read(logs::LogQuery wanted) {
  query = wanted;
  const auto found = events.find(wanted.group);
  if (found == events.end()) co_return missing();
  std::vector<logs::LogEvent> fitting;
  for (const auto& event : found->second) {
    if (fits(event, wanted)) fitting.push_back(event);
  }
  co_return page_of(std::move(fitting), wanted, found->second);
}

Task<bool> FakeLogs::wait(logs::GroupKey, std::optional<logs::LogPosition>, SteadyTime) {
  ++waits;
  if (on_wait) co_return on_wait();
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, SteadyTime::max());
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return Error(Errc::cancelled, "was given up");
}

Task<std::vector<logs::GroupSummary>> FakeLogs::groups(std::string account_id, std::string region,
                                                       std::string prefix) {
  std::vector<logs::GroupSummary> list;
  for (const auto& [key, ignored] : events) {
    const bool is_here = key.account_id == account_id && key.region == region;
    if (!is_here || !key.name.starts_with(prefix)) continue;
    list.push_back({key.name, WallTime(std::chrono::milliseconds(1500)), Bytes(77)});
  }
  co_return list;
}

Task<std::vector<logs::StreamSummary>> FakeLogs::streams(logs::GroupKey group) {
  const auto found = events.find(group);
  if (found == events.end()) co_return missing();
  std::vector<logs::StreamSummary> list;
  for (const auto& event : found->second) {
    const auto known = std::find_if(
        list.begin(), list.end(), [&](const auto& stream) { return stream.name == event.stream; });
    if (known == list.end()) {
      list.push_back({event.stream, event.time, event.time});
    } else {
      known->last = event.time;
    }
  }
  co_return list;
}

Task<logs::UsagePage> FakeLogs::usage(logs::UsageQuery wanted) {
  usage_query = std::move(wanted);
  co_return usage_page;
}

Error FakeLogs::missing() {
  return Error(Errc::not_found, "The specified log group does not exist.");
}

bool FakeLogs::fits(const logs::LogEvent& event, const logs::LogQuery& wanted) {
  const auto& names = wanted.streams;
  return (!wanted.from || event.time >= *wanted.from) &&
         (!wanted.until || event.time < *wanted.until) &&
         (!wanted.after || event.position > *wanted.after) &&
         (!wanted.before || event.position < *wanted.before) &&
         (names.empty() || std::find(names.begin(), names.end(), event.stream) != names.end()) &&
         event.stream.starts_with(wanted.stream_prefix) &&
         (wanted.request_id.empty() || wanted.request_id == event.request_id) &&
         (!wanted.matches || wanted.matches(event.message));
}

logs::LogPage FakeLogs::page_of(std::vector<logs::LogEvent> fitting, const logs::LogQuery& wanted,
                                const std::vector<logs::LogEvent>& all) const {
  logs::LogPage page;
  const std::size_t count = std::min({fitting.size(), wanted.max_events, page_max});
  page.is_end = count == fitting.size();
  const auto size = static_cast<std::ptrdiff_t>(count);
  if (wanted.is_newest_first) {
    page.events.assign(fitting.end() - size, fitting.end());
    if (!page.events.empty()) page.next = page.events.front().position;
    return page;
  }
  page.events.assign(fitting.begin(), fitting.begin() + size);
  page.next = wanted.after.value_or(logs::LogPosition());
  if (!page.events.empty()) page.next = page.events.back().position;
  if (page.is_end && !all.empty()) page.next = std::max(page.next, all.back().position);
  return page;
}

}  // namespace proa::api
