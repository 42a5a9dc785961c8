// What writing a zip and a tar by libarchive have in common. Private to packaging/.
#pragma once

#include "base/result.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <string>

namespace proa::packaging {

/// Read from a file at a time.
inline constexpr std::size_t kPackedBlock = std::size_t{256} * 1024;

struct CloseWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

/// Why `path` could not be written. Errc: exhausted (disk full, no memory), os.
inline Error writer_error(archive* writer, const std::string& path) {
  const int code = archive_errno(writer);
  const char* const text = archive_error_string(writer);
  const Errc kind = code == ENOSPC || code == ENOMEM ? Errc::exhausted : Errc::os;
  return Error(kind, "cannot pack " + path + ": " + (text != nullptr ? text : "unknown"), code);
}

}  // namespace proa::packaging
