// Manifests of stored kernels: any bytes. What is accepted must write and read back the same.
#include "base/check.h"
#include "kernels/manifest.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa::kernels;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto manifest = decode_manifest(bytes)) {
    const std::string written = encode(manifest.value());
    const auto again = decode_manifest(written);
    proa::check(again.has_value(), "an accepted manifest cannot be read back");
    proa::check(encode(again.value()) == written, "a manifest changes when it is read back");
    proa::check(id_of(again.value()) == id_of(manifest.value()), "a manifest's id changes");
  }
  return 0;
}
