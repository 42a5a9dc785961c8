// Loop devices: an image file as a block device.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <cstddef>
#include <filesystem>
#include <string>

namespace proa::launcher {

/// How the loop device reads and writes its file.
enum class LoopIo {
  buffered,  ///< through the page cache of the host
  direct,    ///< past it
};

/// An attached loop device. It detaches by itself (autoclear) when `device` and the last mount of
/// it are closed.
struct LoopDevice {
  std::filesystem::path node;  ///< "/dev/loop7"
  os::UniqueFd device;
};

/// Attaches `image` to a free loop device with blocks of 4 KiB. Errc: not_found (the image; no
/// loop driver), exhausted (no device free after 64 tries), os.
Result<LoopDevice> attach_loop(const std::filesystem::path& image, LoopIo io);

/// Detaches every loop device whose file lies in `folder`; one that is still mounted somewhere
/// detaches when it is unmounted. Returns how many there were. Errc: os.
Result<std::size_t> detach_loops(const std::filesystem::path& folder);

/// Loop devices whose file lies in `folder`. Errc: os.
Result<std::size_t> count_loops(const std::filesystem::path& folder);

}  // namespace proa::launcher
