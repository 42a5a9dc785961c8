#include "kernels/kernel_uses.h"

namespace proa::kernels {

class KernelUses::Use final : public KernelUse {
 public:
  Use(KernelUses& uses, std::string id) : uses_(uses), id_(std::move(id)) {}
  ~Use() override { uses_.end(id_); }

 private:
  KernelUses& uses_;
  const std::string id_;
};

std::unique_ptr<KernelUse> KernelUses::begin(const std::string& id,
                                             const std::function<bool()>& exists) {
  const std::lock_guard guard(mutex_);
  if (!exists()) return nullptr;
  ++counts_[id];
  return std::make_unique<Use>(*this, id);
}

std::uint32_t KernelUses::count(const std::string& id) const {
  const std::lock_guard guard(mutex_);
  const auto found = counts_.find(id);
  return found == counts_.end() ? 0 : found->second;
}

Result<void> KernelUses::if_unused(const std::string& id,
                                   const std::function<Result<void>()>& remove) {
  const std::lock_guard guard(mutex_);
  const auto found = counts_.find(id);
  if (found == counts_.end()) return remove();
  const bool is_one = found->second == 1;
  return Error(Errc::conflict,
               "Kernel " + id + " is in use by " + std::to_string(found->second) +
                   (is_one ? " machine" : " machines") +
                   ": it can be removed when they have ended (proa top shows them)");
}

void KernelUses::remove_when_unused(const std::string& id) {
  const std::lock_guard guard(mutex_);
  if (counts_.contains(id)) {
    waiting_.insert(id);
  } else {
    remove_(id);
  }
}

void KernelUses::end(const std::string& id) {
  const std::lock_guard guard(mutex_);
  const auto found = counts_.find(id);
  if (--found->second > 0) return;
  counts_.erase(found);
  if (waiting_.erase(id) > 0) remove_(id);
}

}  // namespace proa::kernels
