#include "base/utc_text.h"
#include "telemetry/telemetry.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <cstdio>

namespace proa::telemetry {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"error", "warn", "info", "debug"};

// boost::json escapes what must be escaped and passes bytes over 0x7F on; those are only let
// through where they are UTF-8, which is not worth a check: a log line may be anything's input.
std::string quoted(std::string_view text) {
  std::string plain(text);
  for (char& c : plain) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return boost::json::serialize(boost::json::string(plain));
}

class StderrSink final : public LogSink {
 public:
  StderrSink() : logger_("proa", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_pattern("%v");
    logger_.set_level(spdlog::level::trace);
  }
  void write(std::string_view line) override {
    logger_.info(spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  spdlog::logger logger_;
};

}  // namespace

std::string_view to_string(Level level) { return kLevels[static_cast<std::size_t>(level)]; }

std::optional<Level> parse_level(std::string_view text) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == text) return static_cast<Level>(i);
  }
  return std::nullopt;
}

void Field::append_to(std::string& line) const {
  line.append(quoted(name_)).append(":");
  if (const auto* text = std::get_if<std::string_view>(&value_)) {
    line.append(quoted(*text));
  } else if (const auto* flag = std::get_if<bool>(&value_)) {
    line.append(*flag ? "true" : "false");
  } else if (const auto* number = std::get_if<std::int64_t>(&value_)) {
    line.append(std::to_string(*number));
  } else {
    std::array<char, 32> number_text{};
    std::snprintf(number_text.data(), number_text.size(), "%.9g", std::get<double>(value_));
    line.append(number_text.data());
  }
}

std::unique_ptr<LogSink> log_to_stderr() { return std::make_unique<StderrSink>(); }

Logger::Logger(const LogOutput& output, std::string_view module)
    : output_(&output), module_(module) {}

Logger Logger::with(std::initializer_list<Field> fields) const {
  Logger made = *this;
  for (const Field& field : fields) {
    made.context_.append(",");
    field.append_to(made.context_);
  }
  return made;
}

Logger Logger::for_module(std::string_view module) const {
  Logger made = *this;
  made.module_ = module;
  return made;
}

void Logger::log(Level level, std::string_view event, std::initializer_list<Field> fields) const {
  if (!is_on(level)) return;
  std::string line = "{\"ts\":\"" + utc_text(output_->clock.wall_now(), "Z") + "\",\"level\":\"";
  line.append(to_string(level)).append("\",\"module\":").append(quoted(module_));
  line.append(",\"event\":").append(quoted(event)).append(context_);
  for (const Field& field : fields) {
    line.append(",");
    field.append_to(line);
  }
  output_->sink.write(line.append("}"));
}

}  // namespace proa::telemetry
