#include "pool/budget.h"

#include <algorithm>
#include <string>
#include <utility>

namespace proa::pool {
namespace {

// An interpreter alone needs 10 to 40 MiB, however small its function.
constexpr Bytes kLeastCounted = Bytes::mib(32);

Error refusal(std::string_view what) {
  return Error(Errc::throttled, "ConcurrentInvocationLimitExceeded: " + std::string(what));
}

Bytes plus(Bytes a, Bytes b) { return Bytes(a.count() + b.count()); }
Bytes minus(Bytes a, Bytes b) { return Bytes(a.count() - std::min(a.count(), b.count())); }

}  // namespace

Claim& Claim::operator=(Claim&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  budget_ = std::exchange(other.budget_, nullptr);
  counted_ = other.counted_;
  is_pending_ = other.is_pending_;
  return *this;
}

Result<void> Claim::resize(Bytes memory) {
  if (budget_ == nullptr) return ok();
  const std::lock_guard lock(budget_->mutex_);
  const Bytes wanted = budget_->counted(memory);
  if (wanted > counted_) {
    TRY(budget_->check_memory(budget_->read_host_(), minus(wanted, counted_)));
  }
  budget_->counted_memory_ = plus(minus(budget_->counted_memory_, counted_), wanted);
  if (is_pending_) {
    budget_->pending_memory_ = plus(minus(budget_->pending_memory_, counted_), wanted);
  }
  counted_ = wanted;
  return ok();
}

void Claim::settle() {
  if (budget_ == nullptr || !is_pending_) return;
  const std::lock_guard lock(budget_->mutex_);
  is_pending_ = false;
  --budget_->pending_;
  budget_->pending_memory_ = minus(budget_->pending_memory_, counted_);
}

void Claim::give_back() {
  if (budget_ == nullptr) return;
  settle();
  const std::lock_guard lock(budget_->mutex_);
  --budget_->environments_;
  budget_->counted_memory_ = minus(budget_->counted_memory_, counted_);
  budget_ = nullptr;
}

Result<Claim> Budget::claim(Bytes memory) {
  const std::lock_guard lock(mutex_);
  const Bytes more = counted(memory);
  TRY(check_all(more));
  ++environments_;
  ++pending_;
  pending_memory_ = plus(pending_memory_, more);
  counted_memory_ = plus(counted_memory_, more);
  Claim claim;
  claim.budget_ = this;
  claim.counted_ = more;
  claim.is_pending_ = true;
  return claim;
}

Result<void> Budget::check(Bytes memory) {
  const std::lock_guard lock(mutex_);
  return check_all(counted(memory));
}

std::size_t Budget::environments() const {
  const std::lock_guard lock(mutex_);
  return environments_;
}

BudgetUse Budget::use() const {
  const std::lock_guard lock(mutex_);
  BudgetUse use;
  use.environments = environments_;
  use.memory_counted = counted_memory_;
  use.host = read_host_();
  return use;
}

double Budget::free_part(std::size_t spare) const {
  const std::lock_guard lock(mutex_);
  const HostReading host = read_host_();
  const Bytes now = minus(minus(host.memory_available, pending_memory_), options_.memory_reserve);
  const Bytes promised = minus(minus(host.memory_total, options_.memory_reserve), counted_memory_);
  const auto memory = static_cast<double>(std::min(now, promised).count());
  const double all_memory = memory + static_cast<double>(counted_memory_.count());
  const double places =
      1 - static_cast<double>(environments_) /
              static_cast<double>(std::max<std::size_t>(options_.environments_max, 1));
  const double least = std::min(places, all_memory > 0 ? memory / all_memory : 0);
  if (environments_ == 0) return least;
  const auto part_spare =
      static_cast<double>(std::min(spare, environments_)) / static_cast<double>(environments_);
  return least + (1 - least) * part_spare;
}

Bytes Budget::counted(Bytes memory) const {
  return std::max(kLeastCounted, Bytes(memory.count() / 100 * options_.memory_commit_percent));
}

Result<void> Budget::check_all(Bytes more) const {
  TRY(check_environments());  // the cheap one first: the others read the host
  const HostReading host = read_host_();
  TRY(check_descriptors(host));
  return check_memory(host, more);
}

Result<void> Budget::check_environments() const {
  if (environments_ < options_.environments_max) return ok();
  return refusal("all " + std::to_string(options_.environments_max) +
                 " environments are in use (--max-environments)");
}

// Two rules: what is free now must do for this one and for those being started, and all
// environments together must fit if each used what is counted for it.
Result<void> Budget::check_memory(const HostReading& host, Bytes more) const {
  const Bytes free = minus(host.memory_available, pending_memory_);
  if (free < plus(options_.memory_reserve, more)) {
    return refusal("host memory: " + mib_text(free) + " are free, " +
                   mib_text(options_.memory_reserve) + " of them are kept (--memory-reserve), " +
                   mib_text(more) + " are needed");
  }
  const Bytes usable = minus(host.memory_total, options_.memory_reserve);
  if (usable < plus(counted_memory_, more)) {
    return refusal("host memory: " + mib_text(counted_memory_) + " of " + mib_text(usable) +
                   " are promised to environments (--memory-commit), " + mib_text(more) +
                   " are needed");
  }
  return ok();
}

Result<void> Budget::check_descriptors(const HostReading& host) const {
  const std::uint64_t wanted =
      options_.descriptors_reserve + (pending_ + 1) * options_.descriptors_per_environment;
  if (host.descriptors_left >= wanted) return ok();
  return refusal("descriptors: " + std::to_string(host.descriptors_left) + " are left, " +
                 std::to_string(wanted) + " are needed (raise the daemon's limit on open files)");
}

std::string mib_text(Bytes bytes) { return std::to_string(bytes.count() >> 20U) + " MiB"; }

}  // namespace proa::pool
