#include "launcher/disk/disk_image.h"

#include "launcher/disk/ext4_reserve.h"
#include "os/file.h"
#include "os/file_extents.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

namespace proa::launcher {
namespace {

using std::filesystem::path;

/// posix_spawn's redirections with a destructor.
class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  void dup(int from, int to) { ::posix_spawn_file_actions_adddup2(&actions_, from, to); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

/// Waits for `process`; kills it when that takes more than 30 s. True: it ended with status 0.
Result<bool> wait_for(pid_t process) {
  constexpr int kWaitMs = 30'000;
  os::UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  pollfd ended{handle.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = handle ? ::poll(&ended, 1, kWaitMs) : 1;
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) ::kill(process, SIGKILL);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return os_error("wait for mkfs.ext4");
  }
  if (ready == 0) return Error(Errc::deadline, "mkfs.ext4 did not end within 30 s");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Runs `arguments[0]` without input; an error carries what it wrote.
Result<void> run_mkfs(std::vector<std::string> arguments) {
  os::UniqueFd said(::memfd_create("mkfs", MFD_CLOEXEC));
  if (!said) return os_error("memfd_create");
  TRY(const auto nothing, os::open_file("/dev/null", O_RDONLY));
  FileActions actions;
  actions.dup(nothing.get(), STDIN_FILENO);
  actions.dup(said.get(), STDOUT_FILENO);
  actions.dup(said.get(), STDERR_FILENO);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  // No configuration of the host's: every option that matters is given.
  std::string config = "MKE2FS_CONFIG=/dev/null";
  std::string locale = "LC_ALL=C";
  std::array<char*, 3> environment = {config.data(), locale.data(), nullptr};
  pid_t process = -1;
  const int failed =
      ::posix_spawn(&process, argv[0], actions.get(), nullptr, argv.data(), environment.data());
  if (failed != 0) return os_error("run " + arguments.front(), failed);
  TRY(const bool is_fine, wait_for(process));
  if (is_fine) return ok();
  TRY(auto text, os::read_all(said.get()));
  std::replace(text.begin(), text.end(), '\n', ' ');
  return Error(Errc::os, arguments.front() + " failed: " + text);
}

Result<void> copy_range(int from, int to, off_t begin, off_t end) {
  off_t in = begin;
  off_t out = begin;
  while (in < end) {
    const ssize_t count =
        ::copy_file_range(from, &in, to, &out, static_cast<std::size_t>(end - in), 0);
    if (count > 0) continue;
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) return Error(Errc::corrupt, "image became shorter while it was copied");
    return os_error("copy an image");
  }
  return ok();
}

Result<void> copy_content(int from, int to) {
  struct stat status {};
  if (::fstat(from, &status) != 0) return os_error("stat of an image");
  if (::ioctl(to, FICLONE, from) == 0) return ok();
  if (::ftruncate(to, status.st_size) != 0) return os_error("size of an image");
  return os::for_each_extent(from, status.st_size, [&](off_t begin, off_t end) {
    return copy_range(from, to, begin, end);
  });
}

}  // namespace

Bytes image_size(Bytes content) {
  constexpr std::uint64_t kSlack = 4ULL << 20U;
  constexpr std::uint64_t kHeldBackMax = 16ULL << 20U;
  constexpr std::uint64_t kGroup = 128ULL << 20U;
  const std::uint64_t wanted = content.count() + kSlack;
  const std::uint64_t held_back = std::min(wanted / 48, kHeldBackMax);
  const std::uint64_t inodes = (wanted + held_back) / 63;         // 256 bytes per 16 KiB
  const std::uint64_t groups = (wanted / kGroup + 1) * 4 * 4096;  // bitmaps, descriptors
  constexpr std::uint64_t kMib = 1ULL << 20U;
  return Bytes((wanted + held_back + inodes + groups + kMib - 1) / kMib * kMib);
}

Result<void> make_image(const path& image, Bytes content, const path& mkfs) {
  {
    TRY(const auto file, os::open_file(image, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    if (::ftruncate(file.get(), static_cast<off_t>(image_size(content).count())) != 0) {
      return os_error("size of " + image.string());
    }
  }
  std::vector<std::string> arguments = {mkfs.string(), "-q", "-F"};
  arguments.insert(arguments.end(), {"-b", "4096", "-I", "256", "-i", "16384", "-m", "0"});
  arguments.insert(arguments.end(), {"-L", "proa-tmp", "-O"});
  arguments.emplace_back(
      "none,ext_attr,dir_index,filetype,extent,flex_bg,sparse_super,large_file,huge_file,"
      "dir_nlink,extra_isize,metadata_csum,64bit");
  arguments.insert(arguments.end(), {"-E", "lazy_itable_init=1,nodiscard", image.string()});
  auto made = run_mkfs(std::move(arguments));
  if (made) made = reserve_beyond(image, content);
  if (!made) ::unlink(image.c_str());
  return made;
}

Result<void> copy_sparse(const path& from, const path& to) {
  TRY(const auto source, os::open_file(from, O_RDONLY));
  auto target = os::open_file(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!target) {
    if (target.error().os_errno() != EEXIST) return target.error();
    return Error(Errc::conflict, to.string() + " exists", EEXIST);
  }
  auto copied = copy_content(source.get(), target.value().get());
  if (copied) return copied;
  ::unlink(to.c_str());
  return copied.error().with_context(from.string() + " to " + to.string());
}

}  // namespace proa::launcher
