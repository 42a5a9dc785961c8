// ELF headers for tests.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace proa::catalog {

inline std::string elf(std::uint16_t machine, unsigned char file_class = ELFCLASS64,
                       unsigned char encoding = ELFDATA2LSB) {
  std::string bytes(64, '\0');
  std::memcpy(bytes.data(), ELFMAG, SELFMAG);
  bytes[EI_CLASS] = static_cast<char>(file_class);
  bytes[EI_DATA] = static_cast<char>(encoding);
  const bool is_little = encoding == ELFDATA2LSB;
  bytes[16] = is_little ? ET_DYN : 0;
  bytes[17] = is_little ? 0 : ET_DYN;
  bytes[is_little ? 18 : 19] = static_cast<char>(machine & 0xffU);
  bytes[is_little ? 19 : 18] = static_cast<char>(machine >> 8U);
  return bytes;
}

}  // namespace proa::catalog
