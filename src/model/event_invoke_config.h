// What becomes of an asynchronous call that fails: Lambda's FunctionEventInvokeConfig.
#pragma once

#include "base/units.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace proa::model {

/// The configuration of asynchronous calls of one qualifier of a function. A value type.
/// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionEventInvokeConfig.html
struct EventInvokeConfig {
  std::optional<std::uint32_t> retries_max;     ///< 0 to 2; none: kRetriesMaxDefault
  std::optional<std::chrono::seconds> age_max;  ///< 60 to 21,600 s; none: kAgeMaxDefault
  std::string on_success;                       ///< ARN of a function, or empty
  std::string on_failure;                       ///< the same
  WallTime last_modified;

  bool operator==(const EventInvokeConfig&) const = default;

  /// What may be set.
  static constexpr std::uint32_t kRetriesMost = 2;
  static constexpr std::chrono::seconds kAgeLeast{60};
  static constexpr std::chrono::seconds kAgeMost{21'600};
  /// Lambda's values where a configuration, or a function without one, says nothing.
  static constexpr std::uint32_t kRetriesMaxDefault = 2;
  static constexpr std::chrono::seconds kAgeMaxDefault{21'600};
};

}  // namespace proa::model
