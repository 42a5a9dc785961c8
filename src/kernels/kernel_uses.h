// How many machines run which kernel. Private to kernels/.
#pragma once

#include "kernels/kernels.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace proa::kernels {

/// Counts. Owned by the store, outlives every KernelUse; thread-safe. What is given as functions
/// runs while nobody can begin or end a use.
class KernelUses {
 public:
  /// `remove` takes away a kernel that waited for its last use; its failure is left to the store's
  /// next look.
  explicit KernelUses(std::function<void(const std::string& id)> remove)
      : remove_(std::move(remove)) {}

  /// One more, if `exists` says that the kernel is there still. Null: it is not.
  std::unique_ptr<KernelUse> begin(const std::string& id, const std::function<bool()>& exists);
  std::uint32_t count(const std::string& id) const;
  /// Runs `remove` if nobody uses the kernel. Errc: conflict (says how many do), as `remove`.
  Result<void> if_unused(const std::string& id, const std::function<Result<void>()>& remove);
  /// Has the kernel removed: now, or with the end of its last use.
  void remove_when_unused(const std::string& id);

 private:
  class Use;

  void end(const std::string& id);

  const std::function<void(const std::string&)> remove_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint32_t> counts_;
  std::set<std::string> waiting_;
};

}  // namespace proa::kernels
