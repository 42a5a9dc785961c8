// A filter pattern tried on a message: what the tests of all its kinds ask.
#pragma once

#include "logs/filter_pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace proa::logs {

inline bool takes(std::string_view pattern, std::string_view message) {
  const auto compiled = FilterPattern::compile(pattern);
  EXPECT_TRUE(compiled) << pattern << (compiled ? "" : compiled.error().message());
  return compiled && compiled.value().matches(message);
}

inline std::string defect(std::string_view pattern) {
  const auto compiled = FilterPattern::compile(pattern);
  return compiled ? std::string("(none)") : compiled.error().message();
}

}  // namespace proa::logs
