// Durations in answers. Private to api/.
#pragma once

#include <chrono>

namespace proa::api {

/// With decimals, for numbers in JSON.
constexpr double in_milliseconds(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1000.0;
}

}  // namespace proa::api
