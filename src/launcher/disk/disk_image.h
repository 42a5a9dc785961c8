// Image files of the disks behind /tmp: an empty ext4 file system, and sparse copies of it.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <cstdint>
#include <filesystem>

namespace proa::launcher {

/// Size of an image whose file system has room for `content` of file data: content plus inode
/// tables (one inode per 16 KiB), bitmaps, what ext4 holds back for its own metadata (2 %, at most
/// 16 MiB) and 4 MiB for directories and extent trees.
Bytes image_size(Bytes content);

/// Makes `image` (replacing it) an empty ext4 file system of image_size(content): no journal, all
/// beyond the content reserved for root (ext4_reserve.h), label "proa-tmp"; sparse, about 250 KiB
/// on disk for 10 GiB. Runs `mkfs` (mkfs.ext4 of e2fsprogs) and waits for it, 30 s at most. The
/// process must not ignore SIGCHLD. Errc: not_found (mkfs), exhausted, deadline, os (with what mkfs
/// said).
Result<void> make_image(const std::filesystem::path& image, Bytes content,
                        const std::filesystem::path& mkfs);

/// Copies `from` to the new file `to` (mode 0600): shares blocks where the file system can
/// (FICLONE), else copies only the ranges with content. Errc: conflict (`to` exists), not_found,
/// exhausted, os.
Result<void> copy_sparse(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace proa::launcher
