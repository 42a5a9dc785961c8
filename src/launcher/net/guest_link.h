// The link of a guest: a tap device in the place of its environment's eth0.
#pragma once

#include "launcher/net/bpf_programs.h"
#include "os/unique_fd.h"

#include <utility>

namespace proa::launcher::net {

/// The loaded programs that carry frames between the inside end of an environment's link and a tap
/// device beside it (bpf/guest_link.bpf.c). One for each router; used by the launcher's pool role.
class GuestLink {
 public:
  /// Loads them. Errc: as BpfPrograms::load.
  static Result<GuestLink> load();

  /// Makes a tap device in the calling thread's namespace, where eth0 is device proa_inside_device,
  /// and joins the two: from now on the namespace's own stack sees nothing of what either gets. The
  /// result is the device's only queue, with frames behind a virtio_net_hdr of 10 bytes; the device
  /// ends with its last descriptor. Errc: unsupported (the host has no /dev/net/tun; says so),
  /// exhausted, os.
  Result<os::UniqueFd> join() const;

 private:
  explicit GuestLink(BpfPrograms programs) : programs_(std::move(programs)) {}

  BpfPrograms programs_;
  int to_ = -1;
  int from_ = -1;
};

}  // namespace proa::launcher::net
