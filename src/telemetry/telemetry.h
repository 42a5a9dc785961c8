// Telemetry: what the daemon says of itself to its operator.
//
// Nouns: Logger (one line of JSON an event), Field (a name and a value in it), LogSink (where lines
// go; spdlog behind log_to_stderr()). Every module but base, os and model may use it; main makes
// the sink and hands loggers down. A line is
//   {"ts":"2026-11-25T17:20:00.123Z","level":"info","module":"environment","event":"started",...}
// `event` is a fixed name, never a sentence; units stand in the names of fields. Never payloads,
// environment values or secrets. Levels: error someone must act, warn we recovered, info a state
// changed, debug the rest. Nothing is logged at info on the path of a warm call. Thread-safe.
#pragma once

#include "base/clock.h"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace proa::telemetry {

enum class Level { error, warn, info, debug };

std::string_view to_string(Level level);
/// "error", "warn", "info" or "debug"; nothing for other texts.
std::optional<Level> parse_level(std::string_view text);

/// One member of a line. Borrows its text: for the length of one call only.
class Field {
 public:
  Field(std::string_view name, std::string_view value) : name_(name), value_(value) {}
  Field(std::string_view name, const char* value) : name_(name), value_(std::string_view(value)) {}
  Field(std::string_view name, const std::string& value)
      : name_(name), value_(std::string_view(value)) {}
  Field(std::string_view name, bool value) : name_(name), value_(value) {}
  Field(std::string_view name, double value) : name_(name), value_(value) {}
  template <std::integral T>
  Field(std::string_view name, T value) : name_(name), value_(static_cast<std::int64_t>(value)) {}

  std::string_view name() const { return name_; }
  /// Appends `"name":value` as JSON; bytes that are no UTF-8 become '?'.
  void append_to(std::string& line) const;

 private:
  std::string_view name_;
  std::variant<std::string_view, bool, double, std::int64_t> value_;
};

/// Takes whole lines, without their newline. Implementations are thread-safe.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(std::string_view line) = 0;
};

/// One write to standard error a line.
std::unique_ptr<LogSink> log_to_stderr();

/// Where loggers write, and how much. Owned by main; outlives them.
struct LogOutput {
  LogSink& sink;
  Clock& clock;
  Level most = Level::info;
};

/// Writes events of one module, each with the fields it was made with. A value: copy it freely. One
/// that was default-constructed says nothing.
class Logger {
 public:
  Logger() = default;
  Logger(const LogOutput& output, std::string_view module);

  /// The same, with more fields in every line.
  Logger with(std::initializer_list<Field> fields) const;
  /// The same for another module.
  Logger for_module(std::string_view module) const;

  bool is_on(Level level) const { return output_ != nullptr && level <= output_->most; }
  void error(std::string_view event, std::initializer_list<Field> fields = {}) const {
    log(Level::error, event, fields);
  }
  void warn(std::string_view event, std::initializer_list<Field> fields = {}) const {
    log(Level::warn, event, fields);
  }
  void info(std::string_view event, std::initializer_list<Field> fields = {}) const {
    log(Level::info, event, fields);
  }
  void debug(std::string_view event, std::initializer_list<Field> fields = {}) const {
    log(Level::debug, event, fields);
  }
  void log(Level level, std::string_view event, std::initializer_list<Field> fields) const;

 private:
  const LogOutput* output_ = nullptr;
  std::string module_;
  std::string context_;  ///< `,"name":value` for each field it was made with
};

}  // namespace proa::telemetry
