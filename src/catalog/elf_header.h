// The first bytes of an ELF file: what machine it was made for. Foreign bytes; pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace proa::catalog {

/// Bytes of a file that are enough to read its header (64-bit form: 64 bytes).
inline constexpr std::size_t kElfHeaderBytes = 64;

/// The fields that decide whether a loader takes a file (System V ABI, chapter 4, "ELF Header").
struct ElfHeader {
  bool is_64_bit = false;
  bool is_little_endian = false;
  std::uint16_t type = 0;     ///< ET_EXEC, ET_DYN ...
  std::uint16_t machine = 0;  ///< EM_X86_64 ...
};

/// Reads the header at the beginning of `bytes`. Nothing: not ELF, or cut off, or of no known
/// class.
std::optional<ElfHeader> parse_elf_header(std::span<const std::byte> bytes);

/// "x86_64", "aarch64" ..., or "ELF machine N".
std::string machine_name(const ElfHeader& header);

}  // namespace proa::catalog
