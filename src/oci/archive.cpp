#include "oci/archive.h"

#include "os/utf8_locale.h"

#include <array>

namespace proa::oci {
namespace {

constexpr std::size_t kPiece = std::size_t{128} * 1024;

}  // namespace

Result<std::string_view> HashedSource::next() {
  TRY(const auto piece, from_.next());
  digest_.add(piece);
  return piece;
}

Result<std::string> HashedSource::finish() {
  for (;;) {
    TRY(const auto piece, next());
    if (piece.empty()) break;
  }
  return digest_.hex();
}

ssize_t ArchiveReader::read_feed(archive* reader, void* feed, const void** bytes) {
  auto& from = *static_cast<Feed*>(feed);
  auto piece = from.source.next();
  if (!piece) {
    from.failure = piece.error();
    archive_set_error(reader, EIO, "%s", from.failure->message().c_str());
    return -1;
  }
  *bytes = piece.value().data();
  return static_cast<ssize_t>(piece.value().size());
}

ArchiveReader::ArchiveReader(std::unique_ptr<Feed> feed, archive* reader)
    : feed_(std::move(feed)), reader_(reader), piece_(std::make_unique<char[]>(kPiece)) {}

Result<std::unique_ptr<archive, ArchiveReader::FreeReader>> ArchiveReader::make(Form form) {
  std::unique_ptr<archive, FreeReader> reader(archive_read_new());
  if (!reader) return Error(Errc::exhausted, "no memory to read an archive");
  if (form != Form::tar) {
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_filter_zstd(reader.get());
  }
  if (form == Form::plain_or_packed) {
    archive_read_support_format_raw(reader.get());
    archive_read_support_format_empty(reader.get());
  } else {
    archive_read_support_format_tar(reader.get());
  }
  return reader;
}

Result<ArchiveReader> ArchiveReader::open(const std::filesystem::path& file, Form form) {
  TRY(auto made, make(form));
  ArchiveReader reader(nullptr, made.release());
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) {
    return Error(Errc::not_found, file.string() + ": not found");
  }
  constexpr std::size_t kBlock = std::size_t{64} * 1024;
  if (archive_read_open_filename(reader.reader_.get(), file.c_str(), kBlock) != ARCHIVE_OK) {
    return reader.failure();
  }
  return reader;
}

Result<ArchiveReader> ArchiveReader::open(ByteSource& source, Form form) {
  TRY(auto made, make(form));
  ArchiveReader reader(std::make_unique<Feed>(source), made.release());
  if (archive_read_open(reader.reader_.get(), reader.feed_.get(), nullptr, read_feed, nullptr) !=
      ARCHIVE_OK) {
    return reader.failure();
  }
  return reader;
}

Error ArchiveReader::failure() const {
  if (feed_ && feed_->failure) return *feed_->failure;
  const char* const says = archive_error_string(reader_.get());
  return Error(Errc::invalid,
               std::string("The archive is damaged: ") + (says == nullptr ? "no reason" : says));
}

Result<archive_entry*> ArchiveReader::next_entry() {
  const os::Utf8Locale names_are_utf8;
  archive_entry* entry = nullptr;
  const int status = archive_read_next_header(reader_.get(), &entry);
  if (status == ARCHIVE_EOF) return nullptr;
  // A warning is of a name in another encoding, or of a field nobody here reads.
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return failure();
  return entry;
}

Result<std::string_view> ArchiveReader::next() {
  const la_ssize_t count = archive_read_data(reader_.get(), piece_.get(), kPiece);
  if (count < 0) return failure();
  return std::string_view(piece_.get(), static_cast<std::size_t>(count));
}

std::string member_name(archive_entry* entry) {
  const char* const found = archive_entry_pathname(entry);
  std::string_view name(found == nullptr ? "" : found);
  while (name.starts_with("./") || name.starts_with('/'))
    name.remove_prefix(name[0] == '/' ? 1 : 2);
  return std::string(name);
}

}  // namespace proa::oci
