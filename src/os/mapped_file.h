// A file as memory, for reading what is too large to be copied.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace proa::os {

/// A whole file, mapped read-only: its pages are the page cache's and cost no memory of their own.
/// Only for files that nobody makes shorter meanwhile: reading behind their end ends the process.
/// Movable; the view is good until it is destroyed. Thread-compatible.
class MappedFile {
 public:
  /// Nothing mapped.
  MappedFile() = default;
  /// Errc: not_found, exhausted, os.
  static Result<MappedFile> open(const std::filesystem::path& path);
  /// All of the file behind a readable descriptor, which may be closed afterwards; `name` is for
  /// errors. Errc: exhausted, os.
  static Result<MappedFile> map(int file, const std::string& name);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() { reset(); }

  std::string_view bytes() const { return {static_cast<const char*>(begin_), size_}; }

 private:
  void reset();

  void* begin_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace proa::os
