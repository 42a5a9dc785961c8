#include "api/logging_config_input.h"

namespace proa::api {
namespace {

void violate_enum(const Fields& fields, const std::string& value, std::string_view member,
                  std::string_view set) {
  fields.problems().violate(value, member, "satisfy enum value set: [" + std::string(set) + "]");
}

std::optional<model::LogFormat> decode_format(const Fields& logging) {
  const auto text = logging.text("LogFormat");
  if (!text) return std::nullopt;
  const auto format = model::parse_log_format(*text);
  if (!format) violate_enum(logging, *text, "loggingConfig.logFormat", "JSON, Text");
  return format;
}

std::optional<model::LogLevel> decode_application_level(const Fields& logging) {
  const auto text = logging.text("ApplicationLogLevel");
  if (!text) return std::nullopt;
  const auto level = model::parse_log_level(*text);
  if (!level) {
    violate_enum(logging, *text, "loggingConfig.applicationLogLevel",
                 "TRACE, DEBUG, INFO, WARN, ERROR, FATAL");
  }
  return level;
}

std::optional<model::LogLevel> decode_system_level(const Fields& logging) {
  const auto text = logging.text("SystemLogLevel");
  if (!text) return std::nullopt;
  const auto level = model::parse_log_level(*text);
  if (level && model::is_system_level(*level)) return level;
  violate_enum(logging, *text, "loggingConfig.systemLogLevel", "DEBUG, INFO, WARN");
  return std::nullopt;
}

std::optional<std::string> decode_group(const Fields& logging) {
  constexpr std::string_view kMember = "loggingConfig.logGroup";
  auto group = logging.text("LogGroup");
  if (!group || model::is_log_group(*group)) return group;
  Problems& problems = logging.problems();
  check_length(*group, model::kLogGroupMax, kMember, problems);
  if (group->empty()) {
    problems.violate(*group, kMember, "have length greater than or equal to 1");
  }
  // A name that is only too long fits the pattern.
  if (!model::is_log_group(group->substr(0, model::kLogGroupMax))) {
    problems.violate(*group, kMember, R"(satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+)");
  }
  return group;
}

}  // namespace

model::LoggingChange decode_logging(const Fields& fields) {
  model::LoggingChange change;
  const auto logging = fields.object("LoggingConfig");
  if (!logging) return change;
  change.format = decode_format(*logging);
  change.application_level = decode_application_level(*logging);
  change.system_level = decode_system_level(*logging);
  change.group = decode_group(*logging);
  return change;
}

}  // namespace proa::api
