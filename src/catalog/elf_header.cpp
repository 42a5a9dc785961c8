#include "catalog/elf_header.h"

#include <elf.h>

#include <cstring>

namespace proa::catalog {

std::optional<ElfHeader> parse_elf_header(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(Elf32_Ehdr)) return std::nullopt;
  if (std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) return std::nullopt;
  const auto byte_at = [&](std::size_t at) { return std::to_integer<unsigned>(bytes[at]); };
  const unsigned file_class = byte_at(EI_CLASS);
  const unsigned encoding = byte_at(EI_DATA);
  if (file_class != ELFCLASS32 && file_class != ELFCLASS64) return std::nullopt;
  if (encoding != ELFDATA2LSB && encoding != ELFDATA2MSB) return std::nullopt;
  if (file_class == ELFCLASS64 && bytes.size() < sizeof(Elf64_Ehdr)) return std::nullopt;
  ElfHeader header;
  header.is_64_bit = file_class == ELFCLASS64;
  header.is_little_endian = encoding == ELFDATA2LSB;
  const auto u16_at = [&](std::size_t at) {
    const unsigned low = byte_at(header.is_little_endian ? at : at + 1);
    const unsigned high = byte_at(header.is_little_endian ? at + 1 : at);
    return static_cast<std::uint16_t>(high << 8U | low);
  };
  header.type = u16_at(EI_NIDENT);
  header.machine = u16_at(EI_NIDENT + 2);
  return header;
}

std::string machine_name(const ElfHeader& header) {
  switch (header.machine) {
    case EM_X86_64:
      return header.is_64_bit ? "x86_64" : "x32";
    case EM_AARCH64:
      return header.is_little_endian ? "aarch64" : "aarch64 (big-endian)";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "arm";
    case EM_PPC64:
      return header.is_little_endian ? "ppc64le" : "ppc64";
    case EM_S390:
      return "s390x";
    case EM_RISCV:
      return "riscv";
    default:
      return "ELF machine " + std::to_string(header.machine);
  }
}

}  // namespace proa::catalog
