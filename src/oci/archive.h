// Streams of bytes through libarchive: tar files in files, and tar files in those. Private to oci/.
#pragma once

#include "base/result.h"
#include "base/running_digest.h"

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace proa::oci {

/// Bytes, a piece at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// The next piece, good until the next call; empty at the end. Errc: that of what is behind it.
  virtual Result<std::string_view> next() = 0;
};

/// What passes through it is counted into a SHA-256.
class HashedSource final : public ByteSource {
 public:
  explicit HashedSource(ByteSource& from) : from_(from) {}
  Result<std::string_view> next() override;
  /// Reads what is left, and gives the digest of all in hex. Once. Errc: as next().
  Result<std::string> finish();

 private:
  ByteSource& from_;
  RunningDigest digest_;
};

/// What an archive of these bytes is read as.
enum class Form {
  tar,             ///< not compressed
  any_tar,         ///< also with gzip or zstd
  plain_or_packed  ///< one stream of bytes, which gzip or zstd may have made smaller
};

/// Reads an archive from a source or a file. The source outlives it. Also the bytes of the entry
/// that it stands at.
class ArchiveReader final : public ByteSource {
 public:
  /// Errc: not_found, os.
  static Result<ArchiveReader> open(const std::filesystem::path& file, Form form);
  /// Errc: internal.
  static Result<ArchiveReader> open(ByteSource& source, Form form);

  /// The next entry, good until the next call; null: there is none. Errc: invalid (damaged; what
  /// libarchive says), that of the source.
  Result<archive_entry*> next_entry();
  Result<std::string_view> next() override;

 private:
  struct FreeReader {
    void operator()(archive* reader) const { archive_read_free(reader); }
  };
  /// What libarchive's callback reads from, and why that ended.
  struct Feed {
    explicit Feed(ByteSource& from) : source(from) {}
    ByteSource& source;
    std::optional<Error> failure;
  };
  static ssize_t read_feed(archive*, void* feed, const void** bytes);

  ArchiveReader(std::unique_ptr<Feed> feed, archive* reader);
  Error failure() const;
  static Result<std::unique_ptr<archive, FreeReader>> make(Form form);

  std::unique_ptr<Feed> feed_;  ///< null: a file
  std::unique_ptr<archive, FreeReader> reader_;
  std::unique_ptr<char[]> piece_;
};

/// A member's name without "./" and slashes in front; empty where it has none.
std::string member_name(archive_entry* entry);

}  // namespace proa::oci
