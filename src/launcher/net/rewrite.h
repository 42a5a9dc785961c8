// The loaded pair of tc programs that rewrites addresses, and its map of environments.
#pragma once

#include "launcher/net/addresses.h"
#include "launcher/net/bpf_programs.h"
#include "launcher/net/links.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace proa::launcher::net {

/// Owns the programs and the map; they live on as long as a device uses them, but a device whose
/// entry is gone passes nothing. One for each router; used by the launcher's pool role.
class RewriteProgram {
 public:
  /// Loads the programs into the kernel. Errc: unsupported when the kernel or its configuration
  /// refuses (the message has the verifier's last lines), denied without CAP_BPF and CAP_NET_ADMIN.
  static Result<RewriteProgram> load();

  /// Says what `device_index` is called outside. Without `outside6` all IPv6 is dropped. Errc: os.
  Result<void> set(int device_index, const IpAddress& outside4,
                   const std::optional<IpAddress>& outside6);
  /// Forgets a device: nothing passes from this moment on. No error when it was not known. Errc:
  /// os.
  Result<void> forget(int device_index);
  /// Puts both programs on a device (clsact, not tcx: a tcx attach waits 13 ms for the kernel).
  Result<void> attach(NetlinkSocket& socket, const Device& device) const;

  /// Descriptors of the programs, for tests that run them on single packets.
  int from_environment() const { return from_; }
  int to_environment() const { return to_; }

 private:
  explicit RewriteProgram(BpfPrograms programs) : programs_(std::move(programs)) {}

  BpfPrograms programs_;
  int from_ = -1;
  int to_ = -1;
  int map_ = -1;
};

}  // namespace proa::launcher::net
