// Stored schedules and their progress: any bytes. What is accepted must write and read back the
// same.
#include "base/check.h"
#include "schedule/records.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa::schedule;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kKey = "000000000000/us-east-1/nightly";
  if (const auto schedule = decode_schedule(kKey, bytes)) {
    const std::string written = encode(schedule.value());
    const auto again = decode_schedule(kKey, written);
    proa::check(again.has_value(), "an accepted schedule cannot be read back");
    proa::check(encode(again.value()) == written, "a schedule changes when it is read back");
  }
  if (const auto progress = decode_progress(kKey, bytes)) {
    const std::string written = encode(progress.value());
    const auto again = decode_progress(kKey, written);
    proa::check(again.has_value(), "accepted progress cannot be read back");
    proa::check(encode(again.value()) == written, "progress changes when it is read back");
  }
  return 0;
}
