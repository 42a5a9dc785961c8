// Lines of QEMU's monitor: any bytes.
#include "sandbox/microvm/monitor.h"

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using proa::sandbox::MonitorNews;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const MonitorNews news = proa::sandbox::read_monitor_line(line);
  proa::check(news.reason.size() <= 500, "a reason without an end");
  proa::check((news.kind == MonitorNews::Kind::failed) != news.reason.empty(),
              "a failure without a reason, or a reason of none");
  return 0;
}
