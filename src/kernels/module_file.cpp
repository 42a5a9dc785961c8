#include "kernels/module_file.h"

#include "os/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include <memory>

namespace proa::kernels {
namespace {

constexpr std::size_t kBlock = 256 * 1024;

struct CloseReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

Error unreadable(archive* reader, const std::string& name) {
  const char* const text = archive_error_string(reader);
  return Error(Errc::corrupt, "cannot read " + name + ": " + (text != nullptr ? text : "unknown"));
}

}  // namespace

Result<std::string> read_module(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  TRY(const auto opened, os::open_file(file, O_RDONLY | O_NOFOLLOW));
  const std::unique_ptr<archive, CloseReader> owned(archive_read_new());
  archive* const reader = owned.get();
  if (reader == nullptr) return Error(Errc::exhausted, "no memory to read " + name);
  archive_read_support_filter_xz(reader);
  archive_read_support_filter_zstd(reader);
  archive_read_support_filter_gzip(reader);
  archive_read_support_format_raw(reader);
  archive_entry* entry = nullptr;
  if (archive_read_open_fd(reader, opened.get(), kBlock) != ARCHIVE_OK ||
      archive_read_next_header(reader, &entry) != ARCHIVE_OK) {
    return unreadable(reader, name);
  }
  std::string bytes;
  std::string part(kBlock, '\0');
  for (;;) {
    const la_ssize_t got = archive_read_data(reader, part.data(), part.size());
    if (got < 0) return unreadable(reader, name);
    if (got == 0) break;
    bytes.append(part, 0, static_cast<std::size_t>(got));
    if (bytes.size() > kModuleMax) return Error(Errc::too_large, name + " has more than 64 MiB");
  }
  if (bytes.starts_with("\x7f"
                        "ELF"))
    return bytes;
  return Error(Errc::corrupt, name + " is no ELF file, or packed in a way that Proa does not know");
}

}  // namespace proa::kernels
