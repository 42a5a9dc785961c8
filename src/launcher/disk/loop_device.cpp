#include "launcher/disk/loop_device.h"

#include "os/file.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <vector>

namespace proa::launcher {
namespace {

using std::filesystem::path;

constexpr unsigned kLoopMajor = 7;

/// Opens /dev/loop<number>; makes the node first on a host where nothing else does.
Result<os::UniqueFd> open_node(const path& node, int number) {
  auto device = os::open_file(node, O_RDWR);
  if (device || device.error().code() != Errc::not_found) return device;
  const dev_t id = ::makedev(kLoopMajor, static_cast<unsigned>(number));
  if (::mknod(node.c_str(), S_IFBLK | 0600, id) != 0 && errno != EEXIST) {
    return os_error("create " + node.string());
  }
  return os::open_file(node, O_RDWR);
}

/// Names of the loop devices ("loop3") whose file lies in `folder`.
Result<std::vector<std::string>> loops_in(const path& folder) {
  std::error_code failed;
  const path whole = std::filesystem::weakly_canonical(folder, failed);
  if (failed) return os_error(folder.string(), failed.value());
  const std::string prefix = whole.string() + "/";
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry("/sys/block", failed);
  if (failed) return os_error("list /sys/block", failed.value());
  for (const auto& device : entry) {
    const std::string name = device.path().filename();
    if (!name.starts_with("loop")) continue;
    // The file exists only while the device is attached; it ends in " (deleted)" when the image is.
    auto backing = os::read_file(device.path() / "loop" / "backing_file");
    if (backing && backing.value().starts_with(prefix)) names.push_back(name);
  }
  return names;
}

}  // namespace

Result<LoopDevice> attach_loop(const path& image, LoopIo io) {
  TRY(const auto file, os::open_file(image, O_RDWR | O_NOFOLLOW));
  TRY(const auto control, os::open_file("/dev/loop-control", O_RDWR));
  loop_config config{};
  config.fd = static_cast<std::uint32_t>(file.get());
  config.block_size = 4096;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  if (io == LoopIo::direct) config.info.lo_flags |= LO_FLAGS_DIRECT_IO;
  // Another process may take the free device between the two calls.
  for (int attempt = 0; attempt < 64; ++attempt) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return os_error("LOOP_CTL_GET_FREE");
    LoopDevice loop;
    loop.node = "/dev/loop" + std::to_string(number);
    TRY(loop.device, open_node(loop.node, number));
    if (::ioctl(loop.device.get(), LOOP_CONFIGURE, &config) == 0) return loop;
    if (errno != EBUSY) return os_error("attach " + image.string() + " to " + loop.node.string());
  }
  return Error(Errc::exhausted, "no loop device stayed free for " + image.string());
}

Result<std::size_t> detach_loops(const path& folder) {
  TRY(const auto names, loops_in(folder));
  for (const auto& name : names) {
    auto device = os::open_file(path("/dev") / name, O_RDWR);
    if (!device) {
      if (device.error().os_errno() == ENXIO) continue;  // detached meanwhile
      return device.error();
    }
    if (::ioctl(device.value().get(), LOOP_CLR_FD) == 0) continue;
    if (errno != ENXIO && errno != EBUSY) return os_error("detach /dev/" + name);
  }
  return names.size();
}

Result<std::size_t> count_loops(const path& folder) {
  TRY(const auto names, loops_in(folder));
  return names.size();
}

}  // namespace proa::launcher
