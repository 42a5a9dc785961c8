// The first bytes of uploaded native modules, and file names with CPython tags: any bytes.
#include "catalog/elf_header.h"

#include "base/check.h"
#include "catalog/native_modules.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa::catalog;
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto header = parse_elf_header(bytes)) {
    proa::check(size >= (header->is_64_bit ? 64U : 52U), "a header was read beyond the end");
    proa::check(!machine_name(*header).empty(), "a machine has no name");
  }
  const auto tag = cpython_tag(std::string_view(reinterpret_cast<const char*>(data), size));
  proa::check(!tag || tag->size() >= 2, "a tag is too short");
  return 0;
}
