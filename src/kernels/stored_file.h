// Files of a kernel's folder. Private to kernels/.
#pragma once

#include "kernels/kernels.h"

#include <filesystem>
#include <string>

namespace proa::kernels {

/// Size and SHA-256 of a regular file's bytes. Errc: not_found, corrupt (not a regular file), os.
Result<KernelFile> measure(const std::filesystem::path& file);

/// Size alone. Errc: as measure().
Result<std::uint64_t> size_of(const std::filesystem::path& file);

/// Makes a file's or folder's content durable. Errc: not_found, exhausted, os.
Result<void> sync(const std::filesystem::path& path);

/// A new folder ".new-XXXXXX" in another one; it goes with all that is in it unless it is kept.
class NewFolder {
 public:
  static constexpr const char* kBegin = ".new-";

  /// Errc: exhausted, os.
  static Result<NewFolder> make(const std::filesystem::path& parent);
  NewFolder(NewFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  NewFolder& operator=(NewFolder&&) = delete;
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder();

  const std::filesystem::path& path() const { return path_; }
  /// Gives it its name, durably; what has that name must not exist or be an empty folder. Errc:
  /// conflict (there is something of that name), os.
  Result<void> keep_as(const std::filesystem::path& name);
  /// Takes the name of a folder that is there, which goes: in one step, durably. Errc: not_found,
  /// os.
  Result<void> replace(const std::filesystem::path& name);

 private:
  explicit NewFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  ///< empty: there is none any more
};

}  // namespace proa::kernels
