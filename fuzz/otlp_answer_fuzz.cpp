// Answers of an OpenTelemetry collector.
#include "otlp/partial_success.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)proa::otlp::rejected_in(text);
  return 0;
}
