#include "model/logging_config.h"

#include <algorithm>
#include <array>

namespace proa::model {
namespace {

// In the order of their enumerations.
constexpr std::array<std::string_view, 2> kFormats = {"Text", "JSON"};
constexpr std::array<std::string_view, 6> kLevels = {"TRACE", "DEBUG", "INFO",
                                                     "WARN",  "ERROR", "FATAL"};

template <typename Enum, std::size_t kSize>
std::optional<Enum> parse(const std::array<std::string_view, kSize>& names, std::string_view text) {
  const auto* const found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

Result<LoggingConfig> LoggingChange::applied_to(const LoggingConfig& before) const {
  const LoggingConfig defaults;
  LoggingConfig after = before;
  after.format = format.value_or(before.format);
  if (after.format == LogFormat::text && (application_level || system_level)) {
    return Error(
        Errc::invalid,
        "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from "
        "your request or change the LogFormat to \"Json\" and try again.");
  }
  if (format) {
    after.application_level = defaults.application_level;
    after.system_level = defaults.system_level;
  }
  after.application_level = application_level.value_or(after.application_level);
  after.system_level = system_level.value_or(after.system_level);
  after.group = group.value_or(before.group);
  return after;
}

std::string_view to_string(LogFormat format) {
  return kFormats.at(static_cast<std::size_t>(format));
}

std::string_view to_string(LogLevel level) { return kLevels.at(static_cast<std::size_t>(level)); }

std::optional<LogFormat> parse_log_format(std::string_view text) {
  return parse<LogFormat>(kFormats, text);
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
  return parse<LogLevel>(kLevels, text);
}

bool is_system_level(LogLevel level) { return level >= LogLevel::debug && level <= LogLevel::warn; }

bool is_log_group(std::string_view name) {
  return !name.empty() && name.size() <= kLogGroupMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view(".-_/#").find(c) != std::string_view::npos;
         });
}

}  // namespace proa::model
