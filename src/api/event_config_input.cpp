#include "api/event_config_input.h"

#include "api/arn_form.h"

#include <algorithm>
#include <array>

namespace proa::api {
namespace {

using model::EventInvokeConfig;

constexpr std::size_t kDestinationMax = 350;
constexpr std::size_t kKafkaTopicMax = 249;
constexpr std::string_view kDestinationPattern =
    R"($|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:)"
    R"(([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*))";

bool is_kafka_topic(std::string_view topic) {
  return !topic.empty() && topic.size() <= kKafkaTopicMax && topic[0] != '.' &&
         std::all_of(topic.begin() + 1, topic.end(),
                     [](char c) { return is_dashed(c) || c == '_' || c == '.'; });
}

/// The ARN under `key`.Destination, if there is one.
std::optional<std::string> decode_destination(const Fields& destinations, std::string_view key,
                                              std::string_view member) {
  const auto condition = destinations.object(key);
  if (!condition) return std::nullopt;
  auto destination = condition->text("Destination");
  if (!destination) return std::nullopt;
  Problems& problems = destinations.problems();
  check_length(*destination, kDestinationMax, member, problems);
  if (!is_destination(*destination)) {
    problems.violate(*destination, member,
                     "satisfy regular expression pattern: " + std::string(kDestinationPattern));
  }
  return destination;
}

}  // namespace

std::optional<catalog::EventConfigChange> decode_event_config(const Fields& fields) {
  const auto retries = fields.ranged("MaximumRetryAttempts", "maximumRetryAttempts", 0,
                                     EventInvokeConfig::kRetriesMost);
  const auto age_s =
      fields.ranged("MaximumEventAgeInSeconds", "maximumEventAgeInSeconds",
                    EventInvokeConfig::kAgeLeast.count(), EventInvokeConfig::kAgeMost.count());
  const auto destinations = fields.object("DestinationConfig");
  catalog::EventConfigChange change;
  if (retries) change.retries_max = static_cast<std::uint32_t>(*retries);
  if (age_s) change.age_max = std::chrono::seconds(*age_s);
  if (destinations) {
    change.on_success =
        decode_destination(*destinations, "OnSuccess", "destinationConfig.onSuccess.destination");
    change.on_failure =
        decode_destination(*destinations, "OnFailure", "destinationConfig.onFailure.destination");
  }
  if (!retries && !age_s && !destinations) return std::nullopt;
  return change;
}

bool is_destination(std::string_view text) {
  constexpr std::string_view kKafka = "kafka://";
  if (text.empty()) return true;
  if (text.starts_with(kKafka)) return is_kafka_topic(text.substr(kKafka.size()));
  return is_arn(text);
}

}  // namespace proa::api
