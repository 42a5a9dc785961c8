#include "catalog/package_tree.h"

#include "catalog/refused_entry.h"
#include "os/file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace proa::catalog {
namespace {

/// Up to so many files are made durable one by one; beyond, one syncfs(2) at the end is cheaper,
/// but waits for what others write to the same file system.
constexpr std::size_t kSyncedFilesMax = 64;

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string base_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Result<void> set_times(int fd, const std::string& path, timespec modified) {
  timespec times[2] = {modified, modified};
  if (::futimens(fd, times) != 0) return os_error("set the time of " + path);
  return ok();
}

}  // namespace

Result<std::string> plain_path(std::string_view path) {
  if (path.size() > kPackagePathMax) {
    return refused_entry(path.substr(0, 64), "and so on: its path is longer than " +
                                                 std::to_string(kPackagePathMax) + " bytes.");
  }
  if (path.starts_with('/')) return refused_entry(path, "has an absolute path.");
  std::string plain;
  std::size_t depth = 0;
  for (std::string_view rest = path; !rest.empty();) {
    const auto slash = rest.find('/');
    const auto name = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    if (name.empty() || name == ".") continue;
    if (name == "..") return refused_entry(path, "has '..' in its path.");
    if (name.size() > kPackageNameMax)
      return refused_entry(path, "has a name of more than 255 bytes.");
    if (++depth > kPackageDepthMax) {
      return refused_entry(path,
                           "is more than " + std::to_string(kPackageDepthMax) + " folders deep.");
    }
    if (!plain.empty()) plain += '/';
    plain += name;
  }
  return plain;
}

Result<void> PackageTree::add_folder(const std::string& path, mode_t mode, timespec modified) {
  const auto known = nodes_.find(path);
  if (known != nodes_.end() && known->second.kind == Kind::implied_folder) {
    known->second = Node{Kind::folder, mode, modified, {}};
    return ok();
  }
  TRY(add_node(path, Node{Kind::folder, mode, modified, {}}));
  TRY(auto parent, open_parent(path));
  if (::mkdirat(parent, base_of(path).c_str(), 0700) != 0) return os_error("make folder " + path);
  return ok();
}

Result<os::UniqueFd> PackageTree::add_file(const std::string& path) {
  TRY(add_node(path, Node{Kind::file, 0, {}, {}}));
  TRY(auto parent, open_parent(path));
  return os::open_at(parent, base_of(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

Result<void> PackageTree::finish_file(int file, const std::string& path, mode_t mode,
                                      timespec modified) {
  if (::fchmod(file, mode) != 0) return os_error("chmod " + path);
  TRY(set_times(file, path, modified));
  if (!limits_.is_durable) return ok();
  if (++synced_files_ > kSyncedFilesMax) {
    needs_full_sync_ = true;
    return ok();
  }
  if (::fsync(file) != 0) return os_error("fsync " + path);
  return ok();
}

Result<void> PackageTree::add_link(const std::string& path, const std::string& target) {
  if (target.empty()) return refused_entry(path, "is a symbolic link to nothing.");
  if (target.size() >= PATH_MAX)
    return refused_entry(path, "is a symbolic link with too long a target.");
  if (target.starts_with('/')) {
    return refused_entry(path, "is a symbolic link to '" + target + "', outside the package.");
  }
  return add_node(path, Node{Kind::link, 0, {}, target});
}

Result<void> PackageTree::finish() {
  TRY(make_links());
  for (const auto& [path, node] : nodes_) {
    if (node.kind != Kind::link) continue;
    TRY(check_link(path));
  }
  for (const auto& [path, node] : nodes_) {
    if (node.kind == Kind::folder || node.kind == Kind::implied_folder) {
      TRY(finish_folder(path, node));
    }
  }
  if (!limits_.is_durable) return ok();
  if (needs_full_sync_ && ::syncfs(root_) != 0) return os_error("syncfs of the code store");
  if (::fsync(root_) != 0) return os_error("fsync of a package's folder");
  return ok();
}

/// Takes the name, and those of the folders above it.
Result<void> PackageTree::add_node(const std::string& path, Node node) {
  TRY(add_parents(path));
  if (nodes_.size() >= limits_.nodes_max) {
    return Error(Errc::invalid,
                 "It has more than " + std::to_string(limits_.nodes_max) + " files and folders.");
  }
  const auto [position, is_new] = nodes_.try_emplace(path, std::move(node));
  if (is_new) return ok();
  if (position->second.kind == Kind::implied_folder) {
    return refused_entry(path, "is both a folder and something else.");
  }
  return refused_entry(path, "is there twice.");
}

Result<void> PackageTree::add_parents(const std::string& path) {
  const std::string parent(parent_of(path));
  if (parent.empty()) return ok();
  const auto known = nodes_.find(parent);
  if (known != nodes_.end()) {
    const Kind kind = known->second.kind;
    if (kind == Kind::folder || kind == Kind::implied_folder) return ok();
    return refused_entry(path, "lies below '" + parent + "', which is not a folder.");
  }
  TRY(add_node(parent, Node{Kind::implied_folder, 0755, {}, {}}));
  TRY(auto above, open_parent(parent));
  if (::mkdirat(above, base_of(parent).c_str(), 0700) != 0)
    return os_error("make folder " + parent);
  return ok();
}

Result<int> PackageTree::open_parent(const std::string& path) {
  const std::string_view parent = parent_of(path);
  if (parent.empty()) return root_;
  if (parent_ && parent == parent_path_) return parent_.get();
  TRY(auto folder, os::open_beneath(root_, std::string(parent), O_RDONLY | O_DIRECTORY));
  parent_ = std::move(folder);
  parent_path_ = parent;
  return parent_.get();
}

Result<void> PackageTree::make_links() {
  for (const auto& [path, node] : nodes_) {
    if (node.kind != Kind::link) continue;
    TRY(auto parent, open_parent(path));
    if (::symlinkat(node.target.c_str(), parent, base_of(path).c_str()) != 0) {
      return os_error("make link " + path);
    }
  }
  return ok();
}

/// Asks the kernel, because a link's meaning depends on the links on its way. One that leads
/// nowhere (or round in circles) is harmless and stays, as on Lambda.
Result<void> PackageTree::check_link(const std::string& path) const {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const os::UniqueFd fd(
        static_cast<int>(::syscall(SYS_openat2, root_, path.c_str(), &how, sizeof how)));
    if (fd) return ok();
    switch (errno) {
      case ENOENT:
      case ELOOP:
      case ENOTDIR:
      case EACCES:
      case ENAMETOOLONG:
        return ok();
      case EXDEV:
        return refused_entry(path, "is a symbolic link that leads outside the package.");
      case EAGAIN:
        continue;  // a rename somewhere on the system crossed our ".."
      default:
        return os_error("check link " + path);
    }
  }
  return os_error("check link " + path, EAGAIN);
}

Result<void> PackageTree::finish_folder(const std::string& path, const Node& node) {
  TRY(auto folder, os::open_beneath(root_, path, O_RDONLY | O_DIRECTORY));
  if (::fchmod(folder.get(), node.mode | 0700U) != 0) return os_error("chmod " + path);
  if (node.kind == Kind::folder) {
    TRY(set_times(folder.get(), path, node.modified));
  }
  if (!limits_.is_durable || needs_full_sync_) return ok();
  if (::fsync(folder.get()) != 0) return os_error("fsync " + path);
  return ok();
}

}  // namespace proa::catalog
