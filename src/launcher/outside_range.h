// Which environment asks from which address: the daemon's view of the launcher's address plan.
#pragma once

#include "launcher/net/addresses.h"
#include "launcher/protocol.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace proa::launcher {

/// The outside addresses of one instance's environments. A value; any thread.
class OutsideRange {
 public:
  /// A range that nobody is in.
  OutsideRange() = default;
  /// As the pool role told. Errc: corrupt (no range that an address plan could have).
  static Result<OutsideRange> of(const GatewayDns& message);

  /// Index of the slot whose environment has this address, 4 or 16 bytes in network order; nothing
  /// when none can have it.
  std::optional<std::uint32_t> slot_of(std::span<const std::byte> address) const;

 private:
  std::optional<net::AddressPlan> plan_;
};

}  // namespace proa::launcher
