#include "frames/init/boot.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
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

/// A text of bounded length that is put together; what does not fit makes it empty.
class Path {
 public:
  Path(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) {
      if (part.size() >= text_.size() - size) {
        text_[0] = '\0';
        return;
      }
      __builtin_memcpy(text_.data() + size, part.data(), part.size());
      size += part.size();
    }
    text_[size] = '\0';
  }
  const char* c_str() const { return text_.data(); }

 private:
  std::array<char, 512> text_{};
};

/// Reads a short file; how many bytes, or -1.
ssize_t read_whole(const char* path, std::span<char> out) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  std::size_t size = 0;
  ssize_t count = 0;
  while (size < out.size() && (count = ::read(file, out.data() + size, out.size() - size)) > 0) {
    size += static_cast<std::size_t>(count);
  }
  const int error = errno;
  ::close(file);
  errno = error;
  return count < 0 ? -1 : static_cast<ssize_t>(size);
}

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
    std::string_view found(said.data(), static_cast<std::size_t>(size));
    if (found.ends_with('\n')) found.remove_suffix(1);
    if (found != name) continue;
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

bool raise_loopback() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  ifreq request{};
  __builtin_memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP;
  const bool is_up = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
  ::close(socket);
  return is_up;
}

}  // namespace proa::frames::init
