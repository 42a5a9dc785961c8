// Stored records of functions, their versions and layers: any bytes. What is accepted must write
// and read back to the same record. The first byte chooses which kind.
#include "base/check.h"
#include "catalog/image_records.h"
#include "catalog/records.h"
#include "catalog/runtime_records.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

/// What is accepted is written, read again and the same.
template <class Decode>
int fuzz(Decode decode, std::string_view bytes) {
  const auto read = decode(bytes);
  if (!read) return 0;
  const std::string written = encode(read.value());
  const auto again = decode(written);
  proa::check(again.has_value(), "an accepted record cannot be read back");
  proa::check(encode(again.value()) == written, "a record changes when it is read back");
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa::catalog;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string key = "123456789012/us-east-1/hello";
  switch (data[0]) {
    case 'L':
      return fuzz([&](std::string_view text) { return decode_layer(key, text); }, bytes);
    case 'V':
      return fuzz([&](std::string_view text) { return decode_version(key + "/2", text); }, bytes);
    case 'I': {
      const std::string image = "123456789012/" + std::string(64, 'a');
      return fuzz([&](std::string_view text) { return decode_image(image, text); }, bytes);
    }
    case 'R':
      return fuzz(
          [&](std::string_view text) { return decode_runtime_image("123456789012/py", text); },
          bytes);
    default:
      return fuzz([&](std::string_view text) { return decode_function(key, text); }, bytes);
  }
}
