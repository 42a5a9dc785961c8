#include "launcher/net/rewrite.h"

#include "launcher/net/bpf/rewrite_entry.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>

// NOLINTBEGIN(readability-identifier-naming): the names of cmake/proa_bpf.cmake
extern const unsigned char proa_rewrite_object[];
extern const std::size_t proa_rewrite_object_size;
// NOLINTEND(readability-identifier-naming)

namespace proa::launcher::net {
Result<RewriteProgram> RewriteProgram::load() {
  TRY(auto programs,
      BpfPrograms::load({proa_rewrite_object, proa_rewrite_object_size}, "address rewriting"));
  RewriteProgram loaded(std::move(programs));
  TRY(loaded.from_, loaded.programs_.program("from_env"));
  TRY(loaded.to_, loaded.programs_.program("to_env"));
  TRY(loaded.map_, loaded.programs_.map("environments"));
  return loaded;
}

Result<void> RewriteProgram::set(int device_index, const IpAddress& outside4,
                                 const std::optional<IpAddress>& outside6) {
  proa_rewrite_entry entry{};
  std::ranges::copy(std::as_bytes(std::span(outside4.bytes())),
                    std::as_writable_bytes(std::span(entry.outside4)).begin());
  if (outside6) {
    entry.has_outside6 = 1;
    std::ranges::copy(std::as_bytes(std::span(outside6->bytes())),
                      std::as_writable_bytes(std::span(entry.outside6)).begin());
  }
  if (::bpf_map_update_elem(map_, &device_index, &entry, BPF_ANY) != 0) {
    return os_error("enter device " + std::to_string(device_index) + " into the rewriting map");
  }
  return ok();
}

Result<void> RewriteProgram::forget(int device_index) {
  if (::bpf_map_delete_elem(map_, &device_index) != 0 && errno != ENOENT) {
    return os_error("remove device " + std::to_string(device_index) + " from the rewriting map");
  }
  return ok();
}

Result<void> RewriteProgram::attach(NetlinkSocket& socket, const Device& device) const {
  TRY(add_clsact(socket, device));
  TRY(add_program(socket, device, TcDirection::ingress, from_, "proa_from_env"));
  return add_program(socket, device, TcDirection::egress, to_, "proa_to_env");
}

}  // namespace proa::launcher::net
