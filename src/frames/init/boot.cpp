#include "frames/init/boot.h"

#include "frames/init/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace proa::frames::init {
namespace {

constexpr int kTurnMs = 10;
constexpr int kPortTurns = 1'000;  // ten seconds
constexpr const char* kPorts = "/sys/class/virtio-ports";

bool load_module(const char* path) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool is_loaded = ::syscall(SYS_finit_module, file, "", 0) == 0 || errno == EEXIST;
  const int error = errno;
  ::close(file);
  errno = error;
  return is_loaded;
}

/// Finds and opens the port; -1 where there is none yet.
int find_port(std::string_view name) {
  DIR* folder = ::opendir(kPorts);
  if (folder == nullptr) return -1;
  int port = -1;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view device = entry->d_name;
    std::array<char, 64> said{};
    const ssize_t size = read_whole(Path({kPorts, "/", device, "/name"}).c_str(), said);
    if (size <= 0) continue;
    if (without_newline({said.data(), static_cast<std::size_t>(size)}) != name) continue;
    port = ::open(Path({"/dev/", device}).c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    break;
  }
  ::closedir(folder);
  return port;
}

bool is_host_there(int port) {
  pollfd wait{port, 0, 0};
  return ::poll(&wait, 1, 0) == 0;  // POLLHUP: nobody has it open on the other side
}

}  // namespace

const char* mount_system() {
  struct Place {
    const char* folder;
    const char* type;
    unsigned long flags;
  };
  static constexpr std::array<Place, 3> kPlaces{
      Place{"/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC},
      Place{"/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC},
      Place{"/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC}};
  for (const Place& place : kPlaces) {
    ::mkdir(place.folder, 0755);
    if (::mount(place.type, place.folder, place.type, place.flags, nullptr) == 0) continue;
    if (errno != EBUSY) return place.folder;  // CONFIG_DEVTMPFS_MOUNT may have done it
  }
  const int console = ::open("/dev/console", O_RDWR | O_NOCTTY);
  if (console < 0) return "/dev/console";
  for (int fd = 0; fd < 3; ++fd) {
    if (console != fd && ::dup2(console, fd) < 0) return "/dev/console";
  }
  if (console > 2) ::close(console);
  return nullptr;
}

const char* load_modules() {
  static std::array<char, 4096> list;
  const ssize_t size = read_whole("/modules/list", std::span(list).first(list.size() - 1));
  if (size < 0) return errno == ENOENT ? nullptr : "/modules/list";  // a kernel that needs none
  list[static_cast<std::size_t>(size)] = '\0';
  for (char* line = list.data(); *line != '\0';) {
    char* end = ::strchr(line, '\n');
    if (end != nullptr) *end = '\0';
    if (*line != '\0' && !load_module(line)) return line;
    ::unlink(line);  // its file is the guest's memory
    if (end == nullptr) break;
    line = end + 1;
  }
  return nullptr;
}

int open_port(const char* name) {
  int port = -1;
  for (int turn = 0; turn < kPortTurns; ++turn) {
    if (port < 0) port = find_port(name);
    if (port >= 0 && is_host_there(port)) return port;
    ::poll(nullptr, 0, kTurnMs);
  }
  return -1;
}

}  // namespace proa::frames::init
