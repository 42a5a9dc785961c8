#include "api/log_output.h"

namespace proa::api {
namespace {

namespace json = boost::json;

json::string message_of(const logs::LogEvent& event) {
  return json::string(json::string_view(event.message.data(), event.message.size()));
}

}  // namespace

json::object log_group(const logs::GroupSummary& group, const std::string& account_id,
                       const std::string& region) {
  const std::string arn = "arn:aws:logs:" + region + ":" + account_id + ":log-group:" + group.name;
  json::object out;
  out["logGroupName"] = group.name;
  out["creationTime"] = epoch_ms(group.created);
  out["metricFilterCount"] = 0;
  out["arn"] = arn + ":*";
  out["logGroupArn"] = arn;
  out["storedBytes"] = group.stored.count();
  out["logGroupClass"] = "STANDARD";
  return out;
}

json::object log_stream(const logs::StreamSummary& stream, const logs::GroupKey& group) {
  json::object out;
  out["logStreamName"] = stream.name;
  out["creationTime"] = epoch_ms(stream.first);
  out["firstEventTimestamp"] = epoch_ms(stream.first);
  out["lastEventTimestamp"] = epoch_ms(stream.last);
  out["lastIngestionTime"] = epoch_ms(stream.last);
  out["arn"] = "arn:aws:logs:" + group.region + ":" + group.account_id +
               ":log-group:" + group.name + ":log-stream:" + stream.name;
  out["storedBytes"] = 0;  // as AWS says of every stream since 2019
  return out;
}

json::object output_log_event(const logs::LogEvent& event) {
  json::object out;
  out["timestamp"] = epoch_ms(event.time);
  out["message"] = message_of(event);
  out["ingestionTime"] = epoch_ms(event.time);
  return out;
}

json::object filtered_log_event(const logs::LogEvent& event) {
  json::object out;
  out["logStreamName"] = event.stream;
  out["timestamp"] = epoch_ms(event.time);
  out["message"] = message_of(event);
  out["ingestionTime"] = epoch_ms(event.time);
  out["eventId"] = event_id(event);
  return out;
}

std::string padded(std::uint64_t number, std::size_t digits) {
  std::string text = std::to_string(number);
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  return text;
}

std::string event_id(const logs::LogEvent& event) {
  return padded(static_cast<std::uint64_t>(epoch_ms(event.time)), 14) +
         padded(event.position.segment, 18) + padded(event.position.offset, 16) +
         padded(event.position.part, 8);
}

}  // namespace proa::api
