#include "kernels/kernels.h"
#include "sandbox/microvm.h"

#include <algorithm>
#include <array>

namespace proa::kernels {
namespace {

using sandbox::kMeasuredMib;
using std::chrono::milliseconds;

/// The launcher makes no smaller machine.
constexpr std::uint32_t kLeastMib = 24;
constexpr std::uint32_t kStepMib = 2;
/// One that has too little memory may hang instead of saying so.
constexpr int kPatienceBoots = 8;
constexpr milliseconds kPatienceLeast{3'000};

/// Whether the kernel itself is what does not work.
bool is_guests(const Error& error) {
  return error.code() == Errc::deadline || error.code() == Errc::unavailable;
}

/// Between kLeastMib and kMeasuredMib, with which it boots.
Task<std::uint32_t> least_memory(const BootWith& boot, milliseconds limit) {
  std::uint32_t fails = kLeastMib - kStepMib;
  std::uint32_t boots = kMeasuredMib;
  while (boots - fails > kStepMib) {
    const std::uint32_t half = (boots - fails) / 2 / kStepMib * kStepMib;
    const std::uint32_t tried = fails + std::max(half, kStepMib);
    const auto booted = co_await boot(tried, limit);
    if (!booted && !is_guests(booted.error())) co_return booted.error();
    (booted ? boots : fails) = tried;
  }
  co_return boots;
}

}  // namespace

Task<Measurement> measure_kernel(BootWith boot, milliseconds limit) {
  std::array<milliseconds, 3> took{};
  Measurement measured;
  for (milliseconds& each : took) {
    CO_TRY(const auto booted, co_await boot(kMeasuredMib, limit));
    if (booted.available.count() == 0) {
      co_return Error(
          Errc::unsupported,
          "the proa-init in its initrd is of an older Proa and does not say what memory "
          "there is: add or build the kernel anew");
    }
    each = booted.took;
    measured.accelerator = booted.accelerator;
    const std::uint64_t kept = Bytes::mib(kMeasuredMib).count() -
                               std::min(Bytes::mib(kMeasuredMib), booted.available).count();
    measured.memory_kept_mib =
        std::max(measured.memory_kept_mib, static_cast<std::uint32_t>(Bytes(kept).mib_ceil()));
  }
  std::ranges::sort(took);
  measured.boot = took[1];
  const milliseconds patience =
      std::min(limit, std::max(kPatienceLeast, kPatienceBoots * took.back()));
  CO_TRY(measured.memory_min_mib, co_await least_memory(boot, patience));
  co_return measured;
}

}  // namespace proa::kernels
