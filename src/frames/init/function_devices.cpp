#include "frames/init/function_devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace proa::frames::init {
namespace {

constexpr const char* kBlockDriver = "virtio_blk";
constexpr const char* kCardDriver = "virtio_net";
constexpr const char* kNodesForNow = "/nodes";

/// "/proc/self/fd/N", which reaches a folder that has no path any more.
Path by_descriptor(int descriptor) {
  std::array<char, 12> digits{};
  std::size_t begin = digits.size();
  for (int rest = descriptor; begin == digits.size() || rest > 0; rest /= 10) {
    digits[--begin] = static_cast<char>('0' + rest % 10);
  }
  return Path({"/proc/self/fd/", {digits.data() + begin, digits.size() - begin}});
}

/// The name in a folder with one; empty: there is none, or it is too long.
template <std::size_t kSize>
void read_name(const char* folder, std::array<char, kSize>& out) {
  out = {};
  DIR* entries = ::opendir(folder);
  if (entries == nullptr) return;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (name.front() == '.' || name.size() >= out.size()) continue;
    __builtin_memcpy(out.data(), name.data(), name.size());
    break;
  }
  ::closedir(entries);
}

// Not by substr(), which could throw.
std::string_view last_part(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return path;
  path.remove_prefix(slash + 1);
  return path;
}

/// Takes the device behind `link` from its driver, and writes down its name on the virtio bus.
template <std::size_t kSize>
bool unbind(const Path& system, const Path& link, std::array<char, kSize>& name) {
  std::array<char, 256> target{};
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  if (size <= 0) return false;
  const auto found = last_part({target.data(), static_cast<std::size_t>(size)});
  if (found.size() >= name.size()) {
    errno = ENAMETOOLONG;
    return false;
  }
  __builtin_memcpy(name.data(), found.data(), found.size());
  const Path driver({system.c_str(), "/bus/virtio/devices/", found, "/driver/unbind"});
  return write_whole(driver.c_str(), found);
}

}  // namespace

const char* FunctionDevices::put_down(const Disks& disks, int system, int nodes) {
  system_ = system;
  nodes_ = nodes;
  const Path folder = by_descriptor(system_);
  struct Place {
    const Path& disk;
    Name& device;
    const char* what;
  };
  for (const Place& place : {Place{disks.tmp, tmp_.device, "the disk tmp"},
                             Place{disks.code, code_.device, "the disk code"},
                             Place{disks.layers, layers_.device, "the disk opt"}}) {
    errno = ENODEV;
    const Path link({folder.c_str(), "/block/", last_part(place.disk.c_str()), "/device"});
    if (place.disk.is_empty() || !unbind(folder, link, place.device)) return place.what;
  }
  const Path card({folder.c_str(), "/class/net/eth0/device"});
  if (::access(card.c_str(), F_OK) != 0) return nullptr;
  return unbind(folder, card, card_) ? nullptr : "eth0";
}

const char* FunctionDevices::bind(const Name& device, const char* driver) const {
  const Path system = by_descriptor(system_);
  const Path bind({system.c_str(), "/bus/virtio/drivers/", driver, "/bind"});
  return write_whole(bind.c_str(), device.data()) ? nullptr : driver;
}

// The driver has read the disk's size, and its node is there, before the write returns.
const char* FunctionDevices::take_up(Disk& disk, Path& out) const {
  if (const char* failed = bind(disk.device, kBlockDriver); failed != nullptr) return failed;
  const Path system = by_descriptor(system_);
  const Path blocks({system.c_str(), "/bus/virtio/devices/", disk.device.data(), "/block"});
  read_name(blocks.c_str(), disk.node);
  out = Path({by_descriptor(nodes_).c_str(), "/", disk.node.data()});
  errno = ENODEV;
  return disk.node[0] == '\0' ? "a disk of the function" : nullptr;
}

const char* FunctionDevices::take_up_own(Disks& disks) {
  if (const char* failed = take_up(tmp_, disks.tmp); failed != nullptr) return failed;
  return card_[0] == '\0' ? nullptr : bind(card_, kCardDriver);
}

const char* FunctionDevices::take_up_code(bool has_layers, Disks& disks) {
  if (const char* failed = take_up(code_, disks.code); failed != nullptr) return failed;
  return has_layers ? take_up(layers_, disks.layers) : nullptr;
}

const char* FunctionDevices::hide_nodes() {
  for (Disk* disk : {&tmp_, &code_, &layers_}) {
    if (disk->node[0] == '\0') continue;
    if (::unlinkat(nodes_, disk->node.data(), 0) != 0) return "the node of a disk";
    disk->node = {};
  }
  return nullptr;
}

// A mount of its own: that on /dev becomes read-only.
int open_device_nodes() {
  ::mkdir(kNodesForNow, 0700);
  if (::mount("devtmpfs", kNodesForNow, "devtmpfs", MS_NOSUID | MS_NOEXEC, nullptr) != 0) return -1;
  const int nodes = ::open(kNodesForNow, O_PATH | O_DIRECTORY | O_CLOEXEC);
  ::umount2(kNodesForNow, MNT_DETACH);
  ::rmdir(kNodesForNow);
  return nodes;
}

}  // namespace proa::frames::init
