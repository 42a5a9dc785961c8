#include "model/logging_config.h"

#include <algorithm>
#include <array>

namespace proa::model {
namespace {

constexpr std::size_t kLogGroupMax = 512;
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
