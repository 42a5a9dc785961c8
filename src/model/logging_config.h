// How a function's log is written, and where: Lambda's LoggingConfig.
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace proa::model {

/// Plain lines, or one JSON object a line.
enum class LogFormat { text, json };

/// How much a line matters, ascending: what is below a chosen level is left out.
enum class LogLevel { trace, debug, info, warn, error, fatal };

/// A value type. https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
struct LoggingConfig {
  LogFormat format = LogFormat::text;
  /// Of what the function itself writes. Both levels mean something with JSON only, where INFO is
  /// Lambda's default.
  LogLevel application_level = LogLevel::info;
  /// Of what the system writes about it (START, END, REPORT); debug, info or warn.
  LogLevel system_level = LogLevel::info;
  /// As it was asked for; empty is /aws/lambda/NAME. FunctionVersion::log_group() answers for both.
  std::string group;

  bool operator==(const LoggingConfig&) const = default;
};

/// What a request asks of a LoggingConfig; what is not set stays. A value type.
struct LoggingChange {
  std::optional<LogFormat> format;
  std::optional<LogLevel> application_level;
  std::optional<LogLevel> system_level;
  std::optional<std::string> group;

  /// What becomes of `before`, as Lambda merges them: levels go with the format Text, and a request
  /// that names the format JSON sets both, those it does not give to INFO. Errc: invalid (a level
  /// with the format Text).
  Result<LoggingConfig> applied_to(const LoggingConfig& before) const;
};

/// Lambda's own words: "Text" and "JSON"; "TRACE", "DEBUG", "INFO", "WARN", "ERROR" and "FATAL".
std::string_view to_string(LogFormat format);
std::string_view to_string(LogLevel level);
/// The way back, by exactly those words; nothing for any other.
std::optional<LogFormat> parse_log_format(std::string_view text);
std::optional<LogLevel> parse_log_level(std::string_view text);
/// Whether a system level can be `level`.
bool is_system_level(LogLevel level);
inline constexpr std::size_t kLogGroupMax = 512;
/// [\.\-_/#A-Za-z0-9]+ of 1 to kLogGroupMax characters.
bool is_log_group(std::string_view name);

}  // namespace proa::model
