#include "catalog/elf_header.h"

#include "unit/catalog/elf_builder.h"

#include <gtest/gtest.h>

#include <fstream>

namespace proa::catalog {
namespace {

std::optional<ElfHeader> parse(const std::string& bytes) {
  return parse_elf_header(std::as_bytes(std::span(bytes)));
}

TEST(ElfHeader, ReadsMachineClassAndByteOrder) {
  const auto header = parse(elf(EM_X86_64));
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->is_64_bit && header->is_little_endian);
  EXPECT_EQ(header->machine, EM_X86_64);
  EXPECT_EQ(header->type, ET_DYN);
  const auto big = parse(elf(EM_S390, ELFCLASS64, ELFDATA2MSB));
  ASSERT_TRUE(big);
  EXPECT_EQ(big->machine, EM_S390);
  EXPECT_EQ(machine_name(*big), "s390x");
}

TEST(ElfHeader, IsNothingForOtherOrCutOffBytes) {
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse("#!/bin/sh\n" + std::string(64, 'x')));
  for (std::size_t size = 0; size < 64; ++size) EXPECT_FALSE(parse(elf(EM_X86_64).substr(0, size)));
  EXPECT_FALSE(parse(elf(EM_X86_64, 3)));
  EXPECT_FALSE(parse(elf(EM_X86_64, ELFCLASS64, 0)));
  EXPECT_TRUE(parse(elf(EM_386, ELFCLASS32).substr(0, 52)));
}

TEST(ElfHeader, ReadsTheTestItself) {
  std::ifstream self("/proc/self/exe", std::ios::binary);
  std::string bytes(64, '\0');
  self.read(bytes.data(), 64);
  const auto header = parse(bytes);
  ASSERT_TRUE(header);
#if defined(__x86_64__)
  EXPECT_EQ(machine_name(*header), "x86_64");
#endif
}

}  // namespace
}  // namespace proa::catalog
