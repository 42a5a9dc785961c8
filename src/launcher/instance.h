// The instance number: what keeps two daemons on one host apart.
//
// Every host-wide name (cgroups, devices, tables, mount points) and every block of user ids derives
// from it. It is held by a lock in the run folder for as long as any process of the launcher lives,
// so that clean-up touches only what a dead instance left.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace proa::launcher {

/// Instances on one host at most.
inline constexpr std::uint32_t kMaxInstances = 64;

/// A held instance number. Owned by the supervisor; the roles inherit the descriptor, so the number
/// stays taken until the last of them is gone.
class Instance {
 public:
  /// Takes the lowest free number. Errc: exhausted (all taken), os.
  static Result<Instance> acquire(const std::filesystem::path& run_folder);

  std::uint32_t number() const { return number_; }
  /// Name part of everything host-wide: "0", "1", ...
  std::string id() const { return std::to_string(number_); }
  /// First of 2 * kMaxSlots host user ids: inside uid 0 of slot i is uid_base() + 2 * i, the
  /// function's user one more. 1,879,048,192 (0x70000000) and up lies above systemd-nspawn's range
  /// and every default /etc/subuid range, and below 2^31 (https://systemd.io/UIDS-GIDS).
  std::uint32_t uid_base() const;
  /// Folder for this instance's mount points.
  std::filesystem::path folder() const { return folder_; }
  /// Removes the folder and the lock's file: the last act of the last holder.
  void give_back();

  /// The numbers that dead holders left something of, other than `own`: taken until they are given
  /// back, so that no other daemon cleans up the same.
  static std::vector<Instance> abandoned(const std::filesystem::path& run_folder,
                                         std::uint32_t own);

 private:
  Instance(std::uint32_t number, std::filesystem::path folder, os::UniqueFd lock)
      : number_(number), folder_(std::move(folder)), lock_(std::move(lock)) {}
  /// The lock of `number`; none when somebody holds it.
  static Result<os::UniqueFd> try_lock(const std::filesystem::path& run_folder,
                                       std::uint32_t number);

  std::uint32_t number_;
  std::filesystem::path folder_;
  os::UniqueFd lock_;
};

/// Lines of /etc/subuid or /etc/subgid (`text`) whose range meets [first, first + count): a user
/// would share ids with environments.
std::vector<std::string> overlapping_subids(const std::string& text, std::uint32_t first,
                                            std::uint32_t count);

}  // namespace proa::launcher
