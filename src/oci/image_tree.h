// The files of an image while its layers are laid over each other. Private to oci/.
#pragma once

#include "base/result.h"
#include "oci/oci.h"
#include "os/unique_fd.h"

#include <ctime>
#include <set>
#include <string>
#include <string_view>

namespace proa::oci {

/// openat2(2) as if `root` were the root: links inside lead inside. Errc: not_found, os ...
Result<os::UniqueFd> open_in_root(int root, const std::string& path, int flags);

/// A path of an archive without "./", slashes in front or doubled ones; empty: the root. Errc:
/// invalid ("..", too long, too deep), named.
Result<std::string> plain_path(std::string_view path);

/// Writes below one folder, layer by layer; what a layer brings replaces what is there. Links in
/// the way of a path are followed as inside the root. Used by one thread.
class ImageTree {
 public:
  /// `root` outlives it.
  ImageTree(int root, const Limits& limits) : root_(root), limits_(limits) {}

  /// Whiteouts of what comes next do not concern what comes with it.
  void begin_layer() { in_layer_.clear(); }
  /// A folder; one that is there stays with what is in it. Errc for all: invalid (the path leads
  /// through what is no folder), too_large, exhausted, os.
  Result<void> add_folder(const std::string& path);
  /// A new, empty file for writing; close_file() when it is written.
  Result<os::UniqueFd> add_file(const std::string& path);
  Result<void> close_file(int file, bool is_program, timespec modified);
  Result<void> add_link(const std::string& path, const std::string& target);
  /// Errc: also invalid (there is no such file).
  Result<void> add_hard_link(const std::string& path, const std::string& to);
  /// Takes away what lower layers have there, and what is in it.
  Result<void> hide(const std::string& path);
  /// Takes away what lower layers have in that folder.
  Result<void> hide_children(const std::string& folder);
  /// A folder at `path` whatever is there now, and a file.
  Result<void> force_folder(const std::string& path);
  Result<void> force_file(const std::string& path, std::string_view text);

 private:
  Result<void> note(const std::string& path);
  Result<int> parent_of(const std::string& path);
  Result<os::UniqueFd> make_folders(const std::string& path);
  Result<void> clear(int parent, const std::string& name);
  Result<void> hide_at(int parent, const std::string& name, const std::string& path);
  Result<void> hide_in(int parent, const std::string& name, const std::string& path);
  void forget_parent() { is_parent_stale_ = true; }

  int root_;
  const Limits& limits_;
  std::size_t nodes_ = 0;
  std::set<std::string, std::less<>> in_layer_;  ///< paths of this layer, folders above them too
  std::string parent_path_;                      ///< the folder written into last, kept open
  os::UniqueFd parent_;
  bool is_parent_stale_ = true;  ///< the path may lead elsewhere by now
};

}  // namespace proa::oci
