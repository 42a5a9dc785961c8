// What the program that builds a kernel writes.
#pragma once

#include "unit/kernels/fake_host.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>
#include <vector>

namespace proa::kernels {

using Entries = std::vector<std::pair<std::string, std::string>>;

inline Entries right_entries() {
  return {{"kernel", kElf + " built"},
          {"config", "CONFIG_PVH=y\n"},
          {"facts", "release=6.1.9-proa-net\ncompiler=gcc (Fake) 12.2.0\n"}};
}

/// The bytes of a tar archive.
inline std::string product_of(const Entries& entries) {
  std::string bytes(std::size_t{1024} * 1024, '\0');
  std::size_t used = 0;
  archive* const writer = archive_write_new();
  archive_write_set_format_ustar(writer);
  EXPECT_EQ(archive_write_open_memory(writer, bytes.data(), bytes.size(), &used), ARCHIVE_OK);
  for (const auto& [name, text] : entries) {
    archive_entry* const entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK);
    archive_write_data(writer, text.data(), text.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

/// As the program would have written it.
inline void write_to(int file, const std::string& bytes) {
  EXPECT_EQ(::pwrite(file, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
}

}  // namespace proa::kernels
