// The files of one package while they are written: names, conflicts, modes, links, fsync.
#pragma once

#include "base/result.h"
#include "catalog/package.h"
#include "os/unique_fd.h"

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <map>
#include <string>
#include <vector>

namespace proa::catalog {

/// Makes a path of an archive plain: no "./", no doubled or trailing slashes. Empty: the root
/// itself. Errc: invalid (absolute, "..", too long, too deep), a sentence naming the path.
Result<std::string> plain_path(std::string_view path);

/// Writes nodes below one folder. Used by one thread, for one package; a node is written once.
/// Links are only remembered until finish(), so no path can lead through one.
class PackageTree {
 public:
  /// `root` is a descriptor of the empty folder and outlives the tree.
  PackageTree(int root, const PackageLimits& limits) : root_(root), limits_(limits) {}

  /// Adds a folder. Errc: invalid (given twice, or a file already), exhausted, os.
  Result<void> add_folder(const std::string& path, mode_t mode, timespec modified);
  /// Creates an empty file for writing. Errc as above.
  Result<os::UniqueFd> add_file(const std::string& path);
  /// Gives a written file its mode and time, and makes it durable. Errc: exhausted, os.
  Result<void> finish_file(int file, const std::string& path, mode_t mode, timespec modified);
  /// Remembers a symbolic link. Errc: invalid (absolute, empty, too long, or name taken).
  Result<void> add_link(const std::string& path, const std::string& target);
  /// Makes the links, checks where they lead, sets the folders' modes and times, makes all durable.
  /// Errc: invalid (a link leads outside), exhausted, os.
  Result<void> finish();

 private:
  enum class Kind { implied_folder, folder, file, link };
  struct Node {
    Kind kind = Kind::folder;
    mode_t mode = 0755;
    timespec modified{};  ///< folders that are given; others keep the time they were made
    std::string target;   ///< links
  };

  Result<void> add_node(const std::string& path, Node node);
  Result<void> add_parents(const std::string& path);
  Result<int> open_parent(const std::string& path);
  Result<void> make_links();
  Result<void> check_link(const std::string& path) const;
  Result<void> finish_folder(const std::string& path, const Node& node);

  int root_;
  const PackageLimits& limits_;
  std::map<std::string, Node> nodes_;
  std::string parent_path_;  ///< the folder last written into, kept open
  os::UniqueFd parent_;
  std::size_t synced_files_ = 0;
  bool needs_full_sync_ = false;
};

}  // namespace proa::catalog
