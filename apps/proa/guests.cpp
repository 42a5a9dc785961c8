#include "guests.h"

#include "base/run_on.h"

namespace proa::apps {
namespace {

using launcher::Accelerator;

// On a busy host a translated boot of a few seconds takes several times that.
constexpr std::chrono::milliseconds kTcgLimit{60'000};
constexpr std::chrono::milliseconds kKvmLimit{10'000};
constexpr std::uint32_t kMemoryMib = 128;

/// Awaits nothing, so any thread of the pool may run it.
Task<std::uint32_t> measure() { co_return sandbox::measure_tsc_khz(); }

}  // namespace

Task<std::uint32_t> Guests::tsc_khz() {
  {
    const std::lock_guard guard(mutex_);
    if (tsc_khz_) co_return *tsc_khz_;
  }
  CO_TRY(const auto khz, co_await run_on<std::uint32_t>(blocking_.get_executor(), measure()));
  const std::lock_guard guard(mutex_);
  tsc_khz_ = khz;
  co_return khz;
}

Task<sandbox::AcceleratorChoice> Guests::choose(launcher::GuestPlan plan) {
  {
    const std::lock_guard guard(mutex_);
    if (choice_) co_return *choice_;
  }
  Shard& shard = *shards_.front();
  auto choice = co_await await_on(shard.executor(), shard.choose_accelerator(std::move(plan)));
  const std::lock_guard guard(mutex_);
  choice_ = choice;
  co_return choice;
}

Task<api::KernelBoot> Guests::boot(const kernels::Kernel& kernel) {
  launcher::GuestPlan plan;
  plan.kernel = kernel.id;
  plan.memory_mib = kMemoryMib;
  plan.needs_acpi = kernel.manifest.needs_acpi;
  CO_TRY(plan.tsc_khz, co_await tsc_khz());
  CO_TRY(const auto choice, co_await choose(plan));
  plan.accelerator = choice.accelerator;
  const auto limit = choice.accelerator == Accelerator::kvm ? kKvmLimit : kTcgLimit;
  Shard& shard = *shards_.front();
  CO_TRY(const auto report, co_await run_on<sandbox::BootReport>(
                                shard.executor(), shard.boot_guest(std::move(plan), limit)));
  api::KernelBoot boot;
  boot.accelerator = sandbox::name_of(report.accelerator);
  boot.reason = choice.reason;
  boot.took = report.took;
  co_return boot;
}

boost::json::object Guests::status() const {
  boost::json::object out;
  const std::lock_guard guard(mutex_);
  if (!choice_) {
    out["accelerator"] = nullptr;
    out["reason"] = "no guest has been booted yet: proa kernel verify --boot";
    return out;
  }
  out["accelerator"] = sandbox::name_of(choice_->accelerator);
  out["reason"] = choice_->reason;
  return out;
}

}  // namespace proa::apps
