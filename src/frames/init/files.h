// Paths and small files, without the C++ library. Private to proa-init; freestanding.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>

namespace proa::frames::init {

/// A path that is put together; what does not fit makes it empty.
class Path {
 public:
  Path() = default;
  Path(std::initializer_list<std::string_view> parts);
  const char* c_str() const { return text_.data(); }
  bool is_empty() const { return text_[0] == '\0'; }

 private:
  std::array<char, 512> text_{};
};

/// Reads a short file below `folder` (AT_FDCWD: any) from its beginning, as much as there is room
/// for; how many bytes, or -1 (errno).
ssize_t read_whole(int folder, const char* path, std::span<char> out);
ssize_t read_whole(const char* path, std::span<char> out);
/// Writes `text` into a file that is there; false (errno) when it is not taken whole.
bool write_whole(const char* path, std::string_view text);
/// The text without its newline at the end.
std::string_view without_newline(std::string_view text);

/// Removes what is in `folder` on its own file system, but for the names `kept` in it. False when
/// something could not be removed.
bool clear_folder(const char* folder, std::span<const std::string_view> kept);

}  // namespace proa::frames::init
