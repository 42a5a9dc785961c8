// Stored records of functions, their versions and layers: any bytes. What is accepted must write
// and read back to the same record. The first byte chooses which kind.
#include "base/check.h"
#include "catalog/records.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa::catalog;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view key = "123456789012/us-east-1/hello";
  if (data[0] == 'L') {
    const auto layer = decode_layer(key, bytes);
    if (!layer) return 0;
    const std::string written = encode(layer.value());
    const auto again = decode_layer(key, written);
    proa::check(again.has_value(), "an accepted layer cannot be read back");
    proa::check(encode(again.value()) == written, "a layer changes when it is read back");
    return 0;
  }
  if (data[0] == 'V') {
    const auto version = decode_version(std::string(key) + "/2", bytes);
    if (!version) return 0;
    const std::string written = encode(version.value());
    const auto again = decode_version(std::string(key) + "/2", written);
    proa::check(again.has_value(), "an accepted version cannot be read back");
    proa::check(encode(again.value()) == written, "a version changes when it is read back");
    return 0;
  }
  const auto function = decode_function(key, bytes);
  if (!function) return 0;
  const std::string written = encode(function.value());
  const auto again = decode_function(key, written);
  proa::check(again.has_value(), "an accepted function cannot be read back");
  proa::check(encode(again.value()) == written, "a function changes when it is read back");
  return 0;
}
