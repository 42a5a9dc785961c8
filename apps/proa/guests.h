// Booting guest kernels on this host: whether they work, how fast, and on whose processor.
#pragma once

#include "kernels/kernels.h"
#include "shard.h"

#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace proa::apps {

/// Boots by the first shard's connection to the launcher. Made by main; outlived by the shards;
/// thread-safe.
class Guests {
 public:
  Guests(const std::vector<std::unique_ptr<Shard>>& shards, boost::asio::thread_pool& blocking)
      : shards_(shards), blocking_(blocking) {}

  /// As ApiOptions::boot_kernel; the first boot chooses between KVM and translation for all.
  Task<api::KernelBoot> boot(const kernels::Kernel& kernel);
  /// For the status: who plays guests' processors, and why.
  boost::json::object status() const;

 private:
  Task<std::uint32_t> tsc_khz();
  Task<sandbox::AcceleratorChoice> choose(launcher::GuestPlan plan);

  const std::vector<std::unique_ptr<Shard>>& shards_;
  boost::asio::thread_pool& blocking_;
  mutable std::mutex mutex_;
  std::optional<std::uint32_t> tsc_khz_;
  std::optional<sandbox::AcceleratorChoice> choice_;
};

}  // namespace proa::apps
