#include "identity/timestamp.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace proa::identity {
namespace {

/// Digits of `text` from `at` on, or -1.
int number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<WallTime> to_time(std::tm parts) {
  std::tm normal = parts;
  const std::time_t seconds = ::timegm(&normal);
  // timegm() makes a March 3rd of February 31st: such a date is refused.
  const bool is_date = normal.tm_mday == parts.tm_mday && normal.tm_mon == parts.tm_mon &&
                       normal.tm_hour == parts.tm_hour && normal.tm_min == parts.tm_min;
  // System time counts nanoseconds in 64 bits and ends in 2262; no signature is made for then.
  constexpr int kLastYear = 2200 - 1900;
  if (!is_date || parts.tm_year < 70 || parts.tm_year > kLastYear) return std::nullopt;
  return std::chrono::system_clock::from_time_t(seconds);
}

std::optional<WallTime> parse_iso(std::string_view text) {
  std::tm parts{};
  parts.tm_year = number(text, 0, 4) - 1900;
  parts.tm_mon = number(text, 4, 2) - 1;
  parts.tm_mday = number(text, 6, 2);
  parts.tm_hour = number(text, 9, 2);
  parts.tm_min = number(text, 11, 2);
  parts.tm_sec = number(text, 13, 2);
  if (parts.tm_mday < 1 || parts.tm_mon < 0 || parts.tm_hour < 0 || parts.tm_min < 0 ||
      parts.tm_sec < 0 || parts.tm_sec > 60) {
    return std::nullopt;
  }
  return to_time(parts);
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* const end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return to_time(parts);
}

}  // namespace

std::optional<WallTime> parse_timestamp(std::string_view text) {
  if (text.size() == 16 && text[8] == 'T' && text[15] == 'Z') return parse_iso(text);
  if (text.size() == 29 && text.find('\0') == std::string_view::npos) return parse_http_date(text);
  return std::nullopt;
}

std::string iso_basic(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return std::string(text.data(), size);
}

}  // namespace proa::identity
