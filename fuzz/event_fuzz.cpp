// Stored events (heads of the queue's items): any bytes. What is accepted must write and read back
// to the same head.
#include "dispatch/event.h"

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa::dispatch;
  const auto event = decode_event({reinterpret_cast<const char*>(data), size}, "{}");
  if (!event) return 0;
  const std::string written = encode_head(event.value());
  const auto again = decode_event(written, "{}");
  proa::check(again.has_value(), "an accepted event cannot be read back");
  proa::check(encode_head(again.value()) == written, "an event changes when it is read back");
  return 0;
}
