#include "oci/image_tree.h"

#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

namespace proa::oci {
namespace {

constexpr std::size_t kPathMax = 4095;
constexpr std::size_t kFileNameMax = 255;
constexpr std::ptrdiff_t kTreeDepthMax = 128;

std::string parent_path(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Error tree_error(const char* what, const std::string& path) {
  const int error = errno;
  const bool is_content = error == ENOTDIR || error == ELOOP || error == EISDIR ||
                          error == ENAMETOOLONG || error == EEXIST;
  const std::string text = std::string(what) + " " + path.substr(0, 300);
  if (is_content) return Error(Errc::invalid, "The image cannot be unpacked: " + text);
  return os_error(text, error);
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

/// Names in the folder `name` of `parent`, no link followed.
Result<std::vector<std::string>> names_in_folder(int parent, const std::string& name) {
  TRY(auto opened, os::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(opened.get()));
  if (!folder) return os_error("list " + name);
  static_cast<void>(opened.release());
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view each = entry->d_name;
    if (each != "." && each != "..") names.emplace_back(each);
  }
  return names;
}

bool is_folder_at(int parent, const std::string& name) {
  struct stat status {};
  return ::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

/// All of it; what is not there is gone already. As deep as paths may be.
Result<void> remove_at(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return ok();
  if (errno != EISDIR && errno != EPERM) return tree_error("replace", name);
  TRY(const auto names, names_in_folder(parent, name));
  if (!names.empty()) {
    TRY(const auto folder, os::open_at(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    for (const std::string& each : names) {
      TRY(remove_at(folder.get(), each));
    }
  }
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0) return tree_error("replace", name);
  return ok();
}

/// A folder of that name that everybody may enter.
Result<void> make_folder_at(int parent, const std::string& name, const std::string& path) {
  if (::mkdirat(parent, name.c_str(), 0755) != 0) return tree_error("make the folder", path);
  if (::fchmodat(parent, name.c_str(), 0755, 0) != 0) return tree_error("make the folder", path);
  return ok();
}

}  // namespace

Result<os::UniqueFd> open_in_root(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const std::string name = path.empty() ? "." : path;
  const long fd = ::syscall(SYS_openat2, root, name.c_str(), &how, sizeof how);
  if (fd >= 0) return os::UniqueFd(static_cast<int>(fd));
  if (errno == ENOENT) return Error(Errc::not_found, path + ": not found");
  return tree_error("go to", path);
}

Result<std::string> plain_path(std::string_view path) {
  std::string plain;
  const auto refuse = [&path](const char* why) {
    return Error(Errc::invalid, "The image cannot be unpacked: the path '" +
                                    std::string(path.substr(0, 300)) + "' " + why);
  };
  for (std::size_t from = 0; from < path.size();) {
    const std::size_t end = std::min(path.find('/', from), path.size());
    const std::string_view name = path.substr(from, end - from);
    from = end + 1;
    if (name.empty() || name == ".") continue;
    if (name == "..") return refuse("leads outside");
    if (name.size() > kFileNameMax) return refuse("has a name that is too long");
    if (!plain.empty()) plain += '/';
    plain += name;
  }
  if (plain.size() > kPathMax) return refuse("is too long");
  if (std::count(plain.begin(), plain.end(), '/') >= kTreeDepthMax) return refuse("is too deep");
  return plain;
}

Result<void> ImageTree::note(const std::string& path) {
  if (++nodes_ > limits_.nodes_max) {
    return Error(Errc::too_large,
                 "The image has more than " + std::to_string(limits_.nodes_max) + " files");
  }
  for (std::string each = path; !each.empty(); each = parent_path(each)) {
    if (!in_layer_.insert(each).second) break;
  }
  return ok();
}

// Folders that no layer has told of come with what is in them.
Result<os::UniqueFd> ImageTree::make_folders(const std::string& path) {
  auto found = open_in_root(root_, path, O_PATH | O_DIRECTORY);
  if (found || found.error().code() != Errc::not_found || path.empty()) return found;
  const std::string name = last_name(path);
  TRY(const auto above, make_folders(parent_path(path)));
  auto made = make_folder_at(above.get(), name, path);
  // A link that leads nowhere: what is to be in it makes it a folder.
  if (!made && made.error().code() == Errc::invalid) {
    TRY(remove_at(above.get(), name));
    made = make_folder_at(above.get(), name, path);
  }
  TRY(std::move(made));
  return open_in_root(above.get(), name, O_PATH | O_DIRECTORY);
}

Result<int> ImageTree::parent_of(const std::string& path) {
  const std::string parent = parent_path(path);
  if (!is_parent_stale_ && parent == parent_path_) return parent_.get();
  TRY(parent_, make_folders(parent));
  parent_path_ = parent;
  is_parent_stale_ = false;
  return parent_.get();
}

// What a layer brings replaces what is there. That may be a folder above the one kept open.
Result<void> ImageTree::clear(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0) {
    forget_parent();  // it may have been a link
    return ok();
  }
  if (errno == ENOENT) return ok();
  forget_parent();
  return remove_at(parent, name);
}

Result<void> ImageTree::add_folder(const std::string& path) {
  TRY(note(path));
  if (path.empty()) return ok();
  TRY(const int parent, parent_of(path));
  const std::string name = last_name(path);
  if (is_folder_at(parent, name)) return ok();
  TRY(clear(parent, name));
  return make_folder_at(parent, name, path);
}

Result<os::UniqueFd> ImageTree::add_file(const std::string& path) {
  TRY(note(path));
  TRY(const int parent, parent_of(path));
  const std::string name = last_name(path);
  TRY(clear(parent, name));
  return os::open_at(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
}

Result<void> ImageTree::close_file(int file, bool is_program, timespec modified) {
  const timespec times[2] = {modified, modified};
  if (::fchmod(file, is_program ? 0755 : 0644) != 0 || ::futimens(file, times) != 0) {
    return os_error("finish a file of an image");
  }
  return ok();
}

Result<void> ImageTree::add_link(const std::string& path, const std::string& target) {
  TRY(note(path));
  TRY(const int parent, parent_of(path));
  const std::string name = last_name(path);
  TRY(clear(parent, name));
  if (::symlinkat(target.c_str(), parent, name.c_str()) != 0) return tree_error("link", path);
  forget_parent();
  return ok();
}

Result<void> ImageTree::add_hard_link(const std::string& path, const std::string& to) {
  TRY(note(path));
  TRY(const auto from, open_in_root(root_, parent_path(to), O_PATH | O_DIRECTORY));
  TRY(const int parent, parent_of(path));
  const std::string name = last_name(path);
  if (path == to) return ok();
  if (is_folder_at(from.get(), last_name(to))) {
    return Error(Errc::invalid, "The image cannot be unpacked: the hard link '" +
                                    path.substr(0, 300) + "' is to a folder");
  }
  TRY(clear(parent, name));
  if (::linkat(from.get(), last_name(to).c_str(), parent, name.c_str(), 0) == 0) return ok();
  if (errno != ENOENT) return tree_error("link", path);
  return Error(Errc::invalid, "The image cannot be unpacked: the hard link '" +
                                  path.substr(0, 300) + "' is to what is not there");
}

Result<void> ImageTree::hide(const std::string& path) {
  auto parent = open_in_root(root_, parent_path(path), O_PATH | O_DIRECTORY);
  if (!parent && parent.error().code() == Errc::not_found) return ok();
  TRY(const auto opened, std::move(parent));
  forget_parent();
  return hide_at(opened.get(), last_name(path), path);
}

Result<void> ImageTree::hide_children(const std::string& folder) {
  auto above = open_in_root(root_, parent_path(folder), O_PATH | O_DIRECTORY);
  if (!above && above.error().code() == Errc::not_found) return ok();
  TRY(const auto opened, std::move(above));
  const std::string name = folder.empty() ? "." : last_name(folder);
  if (!is_folder_at(opened.get(), name)) return ok();
  forget_parent();
  return hide_in(opened.get(), name, folder);
}

// What came with this layer stays, and of its folders what came with them.
Result<void> ImageTree::hide_at(int parent, const std::string& name, const std::string& path) {
  if (!in_layer_.contains(path)) return remove_at(parent, name);
  if (!is_folder_at(parent, name)) return ok();
  return hide_in(parent, name, path);
}

Result<void> ImageTree::hide_in(int parent, const std::string& name, const std::string& path) {
  TRY(const auto names, names_in_folder(parent, name));
  TRY(const auto folder, os::open_at(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  for (const std::string& each : names) {
    TRY(hide_at(folder.get(), each, path.empty() ? each : path + "/" + each));
  }
  return ok();
}

Result<void> ImageTree::force_folder(const std::string& path) {
  std::string so_far;
  os::UniqueFd above;
  int at = root_;
  for (std::size_t from = 0; from < path.size();) {
    const std::size_t end = std::min(path.find('/', from), path.size());
    const std::string name = path.substr(from, end - from);
    from = end + 1;
    so_far += "/" + name;
    if (!is_folder_at(at, name)) {
      TRY(remove_at(at, name));
      TRY(make_folder_at(at, name, so_far));
    }
    TRY(above, os::open_at(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    at = above.get();
  }
  forget_parent();
  return ok();
}

Result<void> ImageTree::force_file(const std::string& path, std::string_view text) {
  TRY(force_folder(parent_path(path)));
  TRY(const auto file, add_file(path));
  TRY(os::write_fully(file.get(), text, path));
  if (::fchmod(file.get(), 0644) != 0) return os_error("chmod " + path);
  return ok();
}

}  // namespace proa::oci
