#include "cli/human.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace proa::cli {

std::string human_size(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1023.5 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  const int decimals = unit > 0 && size < 9.95 ? 1 : 0;
  std::snprintf(text.data(), text.size(), "%.*f %s", decimals, size, kUnits[unit]);
  return text.data();
}

std::string human_age(std::chrono::seconds age) {
  const auto seconds = std::max<std::int64_t>(age.count(), 0);
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 60 * 60) return std::to_string(seconds / 60) + "m";
  if (seconds < 24 * 60 * 60) return std::to_string(seconds / (60 * 60)) + "h";
  return std::to_string(seconds / (24 * 60 * 60)) + "d";
}

std::optional<WallTime> parse_time(std::string_view text) {
  const std::string copy(text);
  std::tm parts{};
  const char* rest = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') {
    ++rest;
    while (*rest >= '0' && *rest <= '9') ++rest;
  }
  const std::string_view zone(rest);
  if (zone != "Z" && zone != "+0000" && zone != "+00:00") return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string age_of(std::string_view time, WallTime now) {
  const auto parsed = parse_time(time);
  if (!parsed) return std::string(time);
  return human_age(std::chrono::duration_cast<std::chrono::seconds>(now - *parsed));
}

}  // namespace proa::cli
