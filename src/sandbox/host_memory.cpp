#include "sandbox/host_memory.h"

namespace proa::sandbox {

Bytes memory_on_host(model::Isolation isolation, std::uint32_t memory_mib) {
  if (isolation == model::Isolation::container) return Bytes::mib(memory_mib);
  return Bytes::mib(std::uint64_t{guest_memory_mib(memory_mib)} + kQemuMib);
}

}  // namespace proa::sandbox
