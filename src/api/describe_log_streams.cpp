// DescribeLogStreams:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
#include "api/errors.h"
#include "api/log_input.h"
#include "api/log_operations.h"
#include "api/log_output.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kStreamsMax = 50;

struct WantedStreams {
  logs::GroupKey group;
  std::string prefix;
  bool is_by_time = false;
  bool is_descending = false;
  std::size_t limit = kStreamsMax;
  std::string after;  ///< sort key that the page before ended with
};

Result<WantedStreams> decode_streams(const Fields& fields, const model::Scope& scope) {
  WantedStreams wanted;
  const auto limit = fields.ranged("limit", "limit", 1, kStreamsMax);
  wanted.limit = static_cast<std::size_t>(limit.value_or(kStreamsMax));
  const std::string order = fields.text("orderBy").value_or("LogStreamName");
  wanted.is_by_time = order == "LastEventTime";
  if (!wanted.is_by_time && order != "LogStreamName") {
    fields.problems().violate(order, "orderBy",
                              "satisfy enum value set: [LogStreamName, LastEventTime]");
  }
  wanted.is_descending = fields.boolean("descending").value_or(false);
  if (const auto prefix = fields.text("logStreamNamePrefix")) {
    check_stream_name(*prefix, "logStreamNamePrefix", fields.problems());
    if (wanted.is_by_time) {
      return Error(Errc::invalid, "Cannot order by LastEventTime with a logStreamNamePrefix.");
    }
    wanted.prefix = *prefix;
  }
  if (const auto token = fields.view("nextToken")) {
    TRY(wanted.after, decode_log_token(*token));
  }
  TRY(wanted.group, decode_log_group(fields, scope));
  return wanted;
}

/// What orders the streams; unique.
std::string key_of(const logs::StreamSummary& stream, bool is_by_time) {
  if (!is_by_time) return stream.name;
  return padded(static_cast<std::uint64_t>(epoch_ms(stream.last)), 20) + " " + stream.name;
}

using Keyed = std::pair<std::string, logs::StreamSummary>;

/// Those that were asked for and come behind the page before, in their order.
std::vector<Keyed> select(std::vector<logs::StreamSummary> streams, const WantedStreams& wanted) {
  std::vector<Keyed> selected;
  for (auto& stream : streams) {
    if (!stream.name.starts_with(wanted.prefix)) continue;
    std::string key = key_of(stream, wanted.is_by_time);
    const bool is_behind =
        wanted.after.empty() || (wanted.is_descending ? key < wanted.after : key > wanted.after);
    if (is_behind) selected.emplace_back(std::move(key), std::move(stream));
  }
  std::sort(selected.begin(), selected.end(), [&](const Keyed& a, const Keyed& b) {
    return wanted.is_descending ? a.first > b.first : a.first < b.first;
  });
  return selected;
}

}  // namespace

Task<http::Response> describe_log_streams(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  auto decoded = decode_streams(fields, call.scope);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const auto wanted, std::move(decoded));
  CO_TRY(auto streams, co_await context.logs.streams(wanted.group));
  const auto selected = select(std::move(streams), wanted);
  const std::size_t count = std::min(selected.size(), wanted.limit);
  json::array list;
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(log_stream(selected[i].second, wanted.group));
  }
  json::object answer;
  answer["logStreams"] = std::move(list);
  if (count < selected.size()) answer["nextToken"] = make_log_token(selected[count - 1].first);
  co_return json_response(200, json::serialize(answer));
}

}  // namespace proa::api
