// What each environment of this host may reach, as the DNS forwarder asks for it.
#pragma once

#include "launcher/launcher.h"
#include "model/function.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace proa::network {

/// One policy a slot, written by the shards (as hook of their launcher::Client) and read by the DNS
/// service's thread. Without locks: one atomic word a slot. Made by main, outlives both.
class EnvironmentPolicies {
 public:
  EnvironmentPolicies() = default;
  EnvironmentPolicies(const EnvironmentPolicies&) = delete;
  EnvironmentPolicies& operator=(const EnvironmentPolicies&) = delete;

  /// Sets the policy of `slot`, or forgets it; forgetting an earlier use of a slot that has been
  /// given away again meanwhile does nothing.
  void set(launcher::SlotId slot, std::optional<launcher::Network> network);
  /// Nothing where there is no environment.
  std::optional<model::NetworkPolicy> of(std::uint32_t slot) const;

 private:
  // Generation in the upper half; below it 0 for none, else the policy plus 1.
  std::array<std::atomic<std::uint64_t>, launcher::kMaxSlots> words_{};
};

}  // namespace proa::network
