// What a zip that somebody else made has in it: sizes for the limits, sources for guesses. That it
// can be unpacked at all is checked where it is unpacked.
#include "os/utf8_locale.h"
#include "packaging/folder.h"
#include "packaging/zip_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

namespace proa::packaging {
namespace {

struct CloseArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, CloseArchive>;

Error not_a_zip(const Contents& contents, archive* reader) {
  const char* const text = reader == nullptr ? nullptr : archive_error_string(reader);
  return Error(Errc::invalid, contents.path.string() + " is not a zip that can be read" +
                                  (text == nullptr ? "" : ": " + std::string(text)));
}

/// At most `bytes` of the entry that the reader stands at.
std::string text_of(archive* reader, std::uint64_t bytes) {
  std::string text(bytes, '\0');
  const la_ssize_t got = archive_read_data(reader, text.data(), text.size());
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

Result<void> add(Contents& contents, archive* reader, archive_entry* header, const Limits& limits) {
  const char* const name = archive_entry_pathname(header);
  if (name == nullptr) {
    return Error(Errc::invalid, contents.path.string() + " has an entry whose name is not UTF-8");
  }
  Entry entry;
  entry.path = name;
  if (archive_entry_filetype(header) == AE_IFDIR) return ok();
  if (contents.entries.size() >= limits.entries_max) {
    return Error(Errc::too_large, contents.path.string() + " has more than " +
                                      std::to_string(limits.entries_max) + " files");
  }
  const char* const target = archive_entry_symlink(header);
  if (target != nullptr) {
    entry.kind = Entry::Kind::link;
    entry.target = target;
  } else {
    entry.bytes = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(header), 0));
    entry.is_executable = (archive_entry_perm(header) & S_IXUSR) != 0;
    if (is_kept_source(entry.path, entry.bytes)) {
      contents.sources[entry.path] = text_of(reader, entry.bytes);
    }
  }
  contents.bytes += entry.bytes;
  contents.entries.push_back(std::move(entry));
  return ok();
}

}  // namespace

Result<Contents> read_zip(const std::filesystem::path& path, const Limits& limits) {
  const os::Utf8Locale locale;
  Contents contents;
  contents.kind = Contents::Kind::zip;
  contents.path = path;
  TRY(const auto file, os::MappedFile::open(std::filesystem::canonical(path)));
  if (file.bytes().size() > limits.zip_bytes_max) {
    return Error(Errc::too_large, path.string() + " has more than " +
                                      std::to_string(limits.zip_bytes_max) + " bytes");
  }
  const Reader reader(archive_read_new());
  archive* const zip = reader.get();
  if (zip == nullptr || archive_read_support_format_zip_seekable(zip) != ARCHIVE_OK) {
    return Error(Errc::internal, "libarchive has no zip support");
  }
  if (archive_read_open_memory(zip, file.bytes().data(), file.bytes().size()) != ARCHIVE_OK) {
    return not_a_zip(contents, zip);
  }
  for (;;) {
    archive_entry* header = nullptr;
    const int code = archive_read_next_header(zip, &header);
    if (code == ARCHIVE_EOF) break;
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return not_a_zip(contents, zip);
    TRY(add(contents, zip, header, limits));
  }
  if (contents.entries.empty()) {
    return Error(Errc::invalid, path.string() + " has no files in it");
  }
  std::sort(contents.entries.begin(), contents.entries.end(),
            [](const Entry& a, const Entry& b) { return a.path < b.path; });
  if (contents.bytes > limits.unpacked_bytes_max) return too_large(contents, limits);
  return contents;
}

}  // namespace proa::packaging
