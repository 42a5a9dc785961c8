// Trace headers of callers. What is read can be written and read again.
#include "model/trace_context.h"

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto trace = model::parse_traceparent(text)) {
    const std::string xray = model::to_xray_header(*trace);
    check(model::parse_xray_header(xray) == trace, "the X-Ray header says something else");
    check(model::parse_traceparent(model::to_traceparent(*trace)) == trace, "traceparent differs");
  }
  if (const auto trace = model::parse_xray_header(text)) {
    check(model::parse_xray_header(model::to_xray_header(*trace)) == trace, "X-Ray header differs");
  }
  return 0;
}
