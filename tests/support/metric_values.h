// What a metrics page says, for tests.
#pragma once

#include "telemetry/metrics.h"

#include <gtest/gtest.h>

#include <string>

namespace proa::telemetry {

/// The value behind `series` in the text format, e.g. `proa_x_total{a="b"}`; -1: there is none.
inline double series(const MetricPage& page, const std::string& name) {
  const std::string text = "\n" + metrics_text(page);
  const std::size_t begin = text.find("\n" + name + " ");
  if (begin == std::string::npos) return -1;
  return std::stod(text.substr(begin + name.size() + 2));
}

}  // namespace proa::telemetry
