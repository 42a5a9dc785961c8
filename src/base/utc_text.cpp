#include "base/utc_text.h"

#include <array>
#include <ctime>

namespace proa {

std::string utc_text(WallTime time, std::string_view zone) {
  const std::int64_t ms = epoch_ms(time);
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string rest = std::to_string(1000 + ms % 1000);
  return std::string(text.data(), size).append(".").append(rest, 1).append(zone);
}

}  // namespace proa
