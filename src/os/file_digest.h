// What is in a file: its size and SHA-256.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace proa::os {

struct FileDigest {
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 lower-case hex digits
};

/// Of a regular file, no link followed. Reads all of it. Errc: not_found, corrupt (not a regular
/// file), os.
Result<FileDigest> file_digest(const std::filesystem::path& file);
/// Of the file behind a descriptor, from its beginning; where that stands is left alone. `name` is
/// for the error. Errc: os.
Result<FileDigest> file_digest(int descriptor, const std::string& name);
/// Its size alone. Errc: the same.
Result<std::uint64_t> file_bytes(const std::filesystem::path& file);

}  // namespace proa::os
