// How a function's log is written, and where: Lambda's LoggingConfig.
#pragma once

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

/// Lambda's own words: "Text" and "JSON"; "TRACE", "DEBUG", "INFO", "WARN", "ERROR" and "FATAL".
std::string_view to_string(LogFormat format);
std::string_view to_string(LogLevel level);
/// The way back, by exactly those words; nothing for any other.
std::optional<LogFormat> parse_log_format(std::string_view text);
std::optional<LogLevel> parse_log_level(std::string_view text);
/// Whether a system level can be `level`.
bool is_system_level(LogLevel level);
/// [\.\-_/#A-Za-z0-9]+ of 1 to 512 characters.
bool is_log_group(std::string_view name);

}  // namespace proa::model
