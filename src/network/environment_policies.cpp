#include "network/environment_policies.h"

namespace proa::network {
namespace {
constexpr unsigned kGenerationShift = 32;
constexpr std::uint64_t kPolicyMask = 0xffffffff;
}  // namespace

void EnvironmentPolicies::set(launcher::SlotId slot, std::optional<launcher::Network> network) {
  if (slot.index >= words_.size()) return;
  std::atomic<std::uint64_t>& word = words_[slot.index];
  const std::uint64_t generation = static_cast<std::uint64_t>(slot.generation) << kGenerationShift;
  if (network) {
    word.store(generation | (static_cast<std::uint64_t>(*network) + 1));
    return;
  }
  std::uint64_t now = word.load();
  while ((now & ~kPolicyMask) == generation && !word.compare_exchange_weak(now, 0)) {
  }
}

std::optional<model::NetworkPolicy> EnvironmentPolicies::of(std::uint32_t slot) const {
  if (slot >= words_.size()) return std::nullopt;
  const std::uint64_t policy = words_[slot].load() & kPolicyMask;
  if (policy == 0) return std::nullopt;
  return static_cast<model::NetworkPolicy>(policy - 1);
}

}  // namespace proa::network
