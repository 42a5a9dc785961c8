#include "launcher/disk/ext4_reserve.h"

#include "os/file.h"

#include <boost/crc.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace proa::launcher {
namespace {

// The superblock (kernel: Documentation/filesystems/ext4/super.rst), little-endian.
constexpr off_t kAt = 1024;
constexpr std::size_t kSize = 1024;
constexpr std::size_t kBlocks = 0x4;
constexpr std::size_t kReserved = 0x8;
constexpr std::size_t kFree = 0xC;
constexpr std::size_t kMagic = 0x38;
constexpr std::size_t kBlocksHigh = 0x150;
constexpr std::size_t kReservedHigh = 0x154;
constexpr std::size_t kFreeHigh = 0x158;
constexpr std::size_t kChecksum = 0x3FC;
constexpr std::uint32_t kExt4 = 0xEF53;

constexpr std::uint64_t kBlockBytes = 4096;
constexpr std::uint64_t kLostAndFound = 4;  ///< blocks that are free once the folder is removed
constexpr std::uint64_t kExtents = 1;       ///< the list of a file's extents, once there are five

using Superblock = std::array<unsigned char, kSize>;

std::uint32_t word(const Superblock& block, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, block.data() + at, sizeof value);
  return value;
}

void set_word(Superblock& block, std::size_t at, std::uint64_t value) {
  const auto low = static_cast<std::uint32_t>(value);
  std::memcpy(block.data() + at, &low, sizeof low);
}

std::uint64_t long_word(const Superblock& block, std::size_t low, std::size_t high) {
  return word(block, low) | (static_cast<std::uint64_t>(word(block, high)) << 32U);
}

std::uint32_t checksum(const Superblock& block) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0, true, true> crc;
  crc.process_bytes(block.data(), kChecksum);
  return crc.checksum();
}

// What the kernel keeps for its own use while the file system is mounted.
std::uint64_t held_back(std::uint64_t blocks) { return std::min<std::uint64_t>(blocks / 50, 4096); }

}  // namespace

Result<void> reserve_beyond(const std::filesystem::path& image, Bytes content) {
  TRY(const auto file, os::open_file(image, O_RDWR | O_NOFOLLOW));
  Superblock block{};
  if (::pread(file.get(), block.data(), kSize, kAt) != static_cast<ssize_t>(kSize)) {
    return os_error("read the superblock of " + image.string());
  }
  if ((word(block, kMagic) & 0xFFFFU) != kExt4 || word(block, kChecksum) != checksum(block)) {
    return Error(Errc::corrupt, image.string() + " has no superblock of ext4 with a checksum");
  }
  const std::uint64_t usable = long_word(block, kFree, kFreeHigh) + kLostAndFound -
                               held_back(long_word(block, kBlocks, kBlocksHigh));
  const std::uint64_t wanted = (content.count() + kBlockBytes - 1) / kBlockBytes + kExtents;
  if (usable < wanted) {
    return Error(Errc::exhausted, image.string() + " is too small for its content");
  }
  set_word(block, kReserved, usable - wanted);
  set_word(block, kReservedHigh, (usable - wanted) >> 32U);
  set_word(block, kChecksum, checksum(block));
  if (::pwrite(file.get(), block.data(), kSize, kAt) != static_cast<ssize_t>(kSize)) {
    return os_error("write the superblock of " + image.string());
  }
  return ok();
}

}  // namespace proa::launcher
