#include "launcher/code_mount.h"

#include "os/file.h"
#include "os/unique_fd.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace proa::launcher {
namespace {

constexpr std::uint64_t kAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

// A detached read-only copy of the mount at one tree.
Result<os::UniqueFd> detached_tree(int code_folder, const std::string& tree) {
  TRY(auto folder, os::open_beneath(code_folder, tree, O_PATH | O_DIRECTORY));
  os::UniqueFd mount(
      ::open_tree(folder.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!mount) return os_error("open_tree of " + tree);
  mount_attr attr{};
  attr.attr_set = kAttributes;
  if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attr, sizeof attr) != 0) {
    return os_error("make " + tree + " read-only");
  }
  return mount;
}

// Several layers become one overlay without an upper folder: its first lower folder is the top.
Result<os::UniqueFd> merged_layers(int code_folder, std::span<const std::string> layers) {
  std::string lower;
  std::vector<os::UniqueFd> folders;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    TRY(auto folder, os::open_beneath(code_folder, *layer, O_PATH | O_DIRECTORY));
    if (!lower.empty()) lower += ':';
    lower += "/proc/self/fd/" + std::to_string(folder.get());
    folders.push_back(std::move(folder));
  }
  os::UniqueFd context(::fsopen("overlay", FSOPEN_CLOEXEC));
  if (!context) return os_error("fsopen overlay");
  if (::fsconfig(context.get(), FSCONFIG_SET_STRING, "lowerdir", lower.c_str(), 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return os_error("overlay of layers");
  }
  os::UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, kAttributes));
  if (!mount) return os_error("fsmount of layers");
  return mount;
}

Result<os::UniqueFd> layers_mount(int code_folder, std::span<const std::string> layers) {
  if (layers.empty()) return os::UniqueFd();
  if (layers.size() == 1) return detached_tree(code_folder, layers.front());
  return merged_layers(code_folder, layers);
}

[[noreturn]] void attach_in_child(int mount_namespace, int task, int opt) {
  if (::setns(mount_namespace, CLONE_NEWNS) != 0) ::_exit(errno);
  if (::move_mount(task, "", AT_FDCWD, "/var/task", MOVE_MOUNT_F_EMPTY_PATH) != 0) ::_exit(errno);
  if (opt >= 0 && ::move_mount(opt, "", AT_FDCWD, "/opt", MOVE_MOUNT_F_EMPTY_PATH) != 0)
    ::_exit(errno);
  ::_exit(0);
}

// Where the new root stands until it is the root: an empty folder of the old one.
constexpr const char* kNewRoot = "/mnt";

// What an image cannot know: who we are and whom to ask for names. One without such a file goes
// without it.
bool keep_file(const char* file, const char* in_new_root) {
  return ::mount(file, in_new_root, nullptr, MS_BIND, nullptr) == 0 || errno == ENOENT ||
         errno == ENOTDIR;
}

// A function's code, its layers where it has some, and what of ours runs it. False: errno says why.
bool keep_code() {
  return ::mount("/var/task", "/mnt/var/task", nullptr, MS_MOVE, nullptr) == 0 &&
         // Without layers it is a folder and no mount, which cannot be moved.
         (::mount("/opt", "/mnt/opt", nullptr, MS_MOVE, nullptr) == 0 || errno == EINVAL) &&
         ::mount("/var/runtime", "/mnt/var/runtime", nullptr, MS_BIND | MS_REC, nullptr) == 0;
}

// pivot_root(2) takes the first process along, whose root and folder are the old ones.
[[noreturn]] void change_root_in_child(int mount_namespace, int root, bool has_code) {
  if (::setns(mount_namespace, CLONE_NEWNS) != 0) ::_exit(errno);
  if (::move_mount(root, "", AT_FDCWD, kNewRoot, MOVE_MOUNT_F_EMPTY_PATH) != 0) ::_exit(errno);
  constexpr std::array<std::array<const char*, 2>, 3> kMoved{
      {{"/proc", "/mnt/proc"}, {"/dev", "/mnt/dev"}, {"/tmp", "/mnt/tmp"}}};
  for (const auto& [from, to] : kMoved) {
    if (::mount(from, to, nullptr, MS_MOVE, nullptr) != 0) ::_exit(errno);
  }
  if (!keep_file("/etc/resolv.conf", "/mnt/etc/resolv.conf") ||
      !keep_file("/etc/hosts", "/mnt/etc/hosts")) {
    ::_exit(errno);
  }
  if (has_code && !keep_code()) ::_exit(errno);
  if (::chdir(kNewRoot) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0) ::_exit(errno);
  ::_exit(::umount2(".", MNT_DETACH) == 0 ? 0 : errno);
}

Result<void> wait_for(pid_t child, const char* what) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return os_error("wait for the mounting child");
  }
  if (!WIFEXITED(status)) return Error(Errc::internal, "mounting child was killed");
  if (WEXITSTATUS(status) != 0) return os_error(what, WEXITSTATUS(status));
  return ok();
}

}  // namespace

Result<void> mount_code(int mount_namespace, int code_folder, const std::string& code,
                        std::span<const std::string> layers) {
  TRY(auto task, detached_tree(code_folder, code));
  TRY(auto opt, layers_mount(code_folder, layers));
  // A child, because this process's own mount namespace must stay as it is.
  const pid_t child = ::fork();
  if (child < 0) return os_error("fork");
  if (child == 0) attach_in_child(mount_namespace, task.get(), opt.get());
  return wait_for(child, "mount code");
}

Result<void> mount_root(int mount_namespace, int code_folder, const std::string& root,
                        bool has_code) {
  TRY(auto tree, detached_tree(code_folder, root));
  const pid_t child = ::fork();
  if (child < 0) return os_error("fork");
  if (child == 0) change_root_in_child(mount_namespace, tree.get(), has_code);
  return wait_for(child, "mount a root");
}

}  // namespace proa::launcher
