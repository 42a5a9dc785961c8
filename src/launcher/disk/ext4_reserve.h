// How much of an ext4 image ordinary users may fill, to the block.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <filesystem>

namespace proa::launcher {

/// Reserves blocks of the fresh, unmounted file system in `image` for root, so that everybody else
/// can write `content` bytes into one file of an otherwise empty disk and not a byte more: mkfs can
/// only size the whole, of which tables take a part that depends on its version. What else lies on
/// the disk counts: 4 KiB a directory, files rounded up to 4 KiB.
/// Errc: corrupt (not the ext4 that make_image() makes), exhausted (the image is too small), os.
Result<void> reserve_beyond(const std::filesystem::path& image, Bytes content);

}  // namespace proa::launcher
