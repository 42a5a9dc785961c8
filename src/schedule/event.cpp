#include "schedule/event.h"

#include "base/encoding.h"
#include "base/utc_text.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace proa::schedule {
namespace {

namespace json = boost::json;

void replace_all(std::string& text, std::string_view word, std::string_view by) {
  for (std::size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + by.size())) {
    text.replace(at, word.size(), by);
  }
}

}  // namespace

std::string request_id_of(const Schedule& schedule, WallTime due) {
  const std::string what = "proa schedule\n" + schedule.name.arn() + "\n" +
                           std::to_string(epoch_ms(schedule.created)) + "\n" +
                           std::to_string(epoch_ms(due));
  const Sha256Digest digest = sha256(what);
  std::string hex = to_hex(std::span(digest).first(16));
  constexpr std::string_view kVariants = "89ab";
  hex[12] = '8';
  hex[16] = kVariants[static_cast<std::size_t>(digest[8]) % kVariants.size()];
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string event_time(WallTime time) {
  return utc_text(time, "").substr(0, std::string_view("0000-00-00T00:00:00").size()) + "Z";
}

std::string payload_of(const Schedule& schedule, WallTime due, const std::string& request_id) {
  const std::string& input = schedule.definition.input;
  if (!input.empty()) {
    std::string payload = input;
    replace_all(payload, "<aws.scheduler.schedule-arn>", schedule.name.arn());
    replace_all(payload, "<aws.scheduler.scheduled-time>", event_time(due));
    replace_all(payload, "<aws.scheduler.execution-id>", request_id);
    replace_all(payload, "<aws.scheduler.attempt-number>", "1");
    return payload;
  }
  json::object event;
  event["version"] = "0";
  event["id"] = request_id;
  event["detail-type"] = "Scheduled Event";
  event["source"] = "aws.scheduler";
  event["account"] = schedule.name.account_id;
  event["time"] = event_time(due);
  event["region"] = schedule.name.region;
  event["resources"] = json::array{json::value(schedule.name.arn())};
  event["detail"] = "{}";
  return json::serialize(event);
}

}  // namespace proa::schedule
