#include "pool/idle_board.h"

namespace proa::pool {

std::shared_ptr<IdleCounts> IdleBoard::of(const std::string& key) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<IdleCounts>& entry = counts_[key];
  auto counts = entry.lock();
  if (!counts) {
    counts = std::make_shared<IdleCounts>();
    entry = counts;
    std::erase_if(counts_, [](const auto& other) { return other.second.expired(); });
  }
  return counts;
}

}  // namespace proa::pool
