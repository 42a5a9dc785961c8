// Whether a guest kernel is one that this host's daemon has signed, asked before it boots.
#pragma once

#include "base/ed25519.h"
#include "launcher/protocol.h"

#include <sys/stat.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace proa::launcher {

struct GuestFiles;

/// Hashes the bytes behind the very descriptors that QEMU will read and compares the signature; of
/// files that have not changed since, no byte is read again. Owned by the spawn role; one thread.
class KernelCheck {
 public:
  /// A file that changes twice within one tick of the clock has the same times after both.
  static constexpr auto kSettled = std::chrono::seconds(1);

  /// Without a key nothing passes. Files that have not been changed for `settled` are remembered.
  explicit KernelCheck(std::optional<Ed25519Public> key,
                       std::chrono::nanoseconds settled = kSettled)
      : key_(key), settled_(settled) {}

  /// Reads up to all of kernel and initrd: 15 MB take some 50 ms. Errc: corrupt (nobody who has the
  /// key has signed these bytes under this id; names the kernel), os.
  Result<void> check(const KernelId& id, const GuestFiles& files);
  /// How often files were hashed.
  std::uint64_t hashed() const { return hashed_; }

 private:
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 4>;  ///< kernel, initrd, manifest, signature

  static Result<Stamps> stamps_of(const GuestFiles& files);
  bool is_settled(const Stamps& stamps) const;
  Result<void> compare(const std::string& id, const GuestFiles& files) const;

  std::optional<Ed25519Public> key_;
  std::chrono::nanoseconds settled_;
  std::map<std::string, Stamps> known_;
  std::uint64_t hashed_ = 0;
};

}  // namespace proa::launcher
