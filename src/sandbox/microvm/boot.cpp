#include "sandbox/microvm/guest.h"

#include <sys/stat.h>

#include <cmath>
#include <ctime>
#include <limits>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace proa::sandbox {
namespace asio = boost::asio;
namespace {

constexpr auto kKvmLimit = std::chrono::milliseconds(5'000);
constexpr std::uint32_t kUnusedTmpMib = 512;

#if defined(__x86_64__)
std::int64_t raw_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Both clocks at one moment.
struct Moment {
  std::int64_t ns = 0;
  std::uint64_t ticks = 0;
};

// The closest of some looks: one in which another thread had its turn is wrong by milliseconds,
// and a guest's clock then by as much in every minute.
Moment look() {
  constexpr int kLooks = 64;
  Moment best;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < kLooks; ++i) {
    const std::int64_t before = raw_ns();
    const std::uint64_t ticks = __rdtsc();
    const std::int64_t gap = raw_ns() - before;
    if (gap >= least) continue;
    least = gap;
    best = {before + gap / 2, ticks};
  }
  return best;
}
#endif

}  // namespace

const char* name_of(launcher::Accelerator accelerator) {
  return accelerator == launcher::Accelerator::kvm ? "kvm" : "tcg";
}

Task<BootReport> boot_guest(asio::any_io_executor executor, launcher::Client& launcher,
                            launcher::GuestPlan plan, std::chrono::milliseconds limit) {
  BootReport report;
  report.accelerator = plan.accelerator;
  Guest guest(std::move(executor), launcher);
  const auto begin = std::chrono::steady_clock::now();
  auto started = co_await guest.take_slot(kUnusedTmpMib);
  SandboxLimits limits;
  limits.memory_mib = plan.memory_mib;
  if (started) started = co_await guest.boot(std::move(plan), limits, limit);
  report.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  report.available = guest.available();
  auto closed = co_await guest.close();
  if (!started) co_return started.error();
  if (!closed) co_return closed.error();
  co_return report;
}

asio::awaitable<AcceleratorChoice> choose_accelerator(asio::any_io_executor executor,
                                                      launcher::Client& launcher,
                                                      launcher::GuestPlan plan) {
  AcceleratorChoice choice;
  struct stat device {};
  if (::stat("/dev/kvm", &device) != 0) {
    choice.reason = "there is no /dev/kvm";
    co_return choice;
  }
  plan.accelerator = launcher::Accelerator::kvm;
  auto booted = co_await boot_guest(std::move(executor), launcher, std::move(plan), kKvmLimit);
  if (!booted) {
    choice.reason = "KVM: " + booted.error().message();
    co_return choice;
  }
  choice.accelerator = launcher::Accelerator::kvm;
  choice.reason = "a guest booted by KVM in " + std::to_string(booted.value().took.count()) + " ms";
  co_return choice;
}

Result<std::uint32_t> measure_tsc_khz() {
#if defined(__x86_64__)
  constexpr std::int64_t kTimeNs = 100'000'000;
  const Moment begin = look();
  timespec pause{0, kTimeNs};
  ::nanosleep(&pause, nullptr);
  const Moment end = look();
  const auto ticks = static_cast<double>(end.ticks - begin.ticks);
  return static_cast<std::uint32_t>(
      std::lround(ticks * 1e6 / static_cast<double>(end.ns - begin.ns)));
#else
  return Error(Errc::unsupported, "guests run on x86-64 only");
#endif
}

}  // namespace proa::sandbox
