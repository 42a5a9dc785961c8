#include "sandbox/microvm/guest.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace proa::sandbox {
namespace asio = boost::asio;
namespace {

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

Task<AcceleratorChoice> choose_accelerator(asio::any_io_executor executor,
                                           launcher::Client& launcher, launcher::GuestPlan plan,
                                           AcceleratorTrial trial) {
  AcceleratorChoice choice;
  struct stat device {};
  if (::stat(trial.device.c_str(), &device) != 0) {
    choice.reason = "there is no " + trial.device;
    co_return choice;
  }
  plan.accelerator = launcher::Accelerator::kvm;
  auto booted = co_await boot_guest(executor, launcher, plan, trial.kvm_limit);
  if (booted) {
    choice.accelerator = launcher::Accelerator::kvm;
    choice.reason =
        "a guest booted by KVM in " + std::to_string(booted.value().took.count()) + " ms";
    co_return choice;
  }
  choice.reason = "KVM: " + booted.error().message();
  std::ranges::replace(choice.reason, '\n',
                       ' ');  // of a console; it stands in a line of the status
  const Errc why = booted.error().code();
  if (why == Errc::deadline) co_return choice;  // QEMU ran all the time
  if (why != Errc::unavailable) co_return booted.error();
  // It ended: by KVM, which could not be opened or does not work, or by the kernel or the host.
  plan.accelerator = launcher::Accelerator::tcg;
  auto translated = co_await boot_guest(executor, launcher, std::move(plan), trial.tcg_limit);
  if (!translated) co_return translated.error();
  co_return choice;
}

AcceleratorChooser::AcceleratorChooser(asio::any_io_executor executor, launcher::Client& launcher,
                                       AcceleratorTrial trial)
    : executor_(executor), launcher_(launcher), trial_(std::move(trial)), tasks_(executor) {}

Task<AcceleratorChoice> AcceleratorChooser::choose(launcher::GuestPlan plan) {
  if (choice_) co_return *choice_;
  Outcome outcome = trying_;
  if (!outcome) {
    outcome = std::make_shared<Pending<Tried>>(executor_);
    trying_ = outcome;
    tasks_.spawn(try_out(std::move(plan), outcome));
  }
  CO_TRY(auto tried, co_await outcome->wait(SteadyTime::max(), "choice of a processor for guests"));
  if (tried.failure) co_return std::move(*tried.failure);
  co_return *choice_;
}

// For all who ask meanwhile: it goes on when who asked first has given up.
asio::awaitable<void> AcceleratorChooser::try_out(launcher::GuestPlan plan, Outcome outcome) {
  auto choice = co_await choose_accelerator(executor_, launcher_, std::move(plan), trial_);
  trying_.reset();
  Tried tried;
  if (choice) {
    choice_ = std::move(choice.value());
  } else {
    tried.failure = choice.error();
  }
  outcome->set(std::move(tried));
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
