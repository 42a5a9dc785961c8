// The microVM backend: virtual machines by QEMU, booted by the launcher in an environment's place.
//
// Nouns: Guest (one machine whose first process, proa-init, answers), boot_guest() (boots one and
// ends it: whether a kernel works here, and how fast), AcceleratorChoice (hardware virtualisation
// or translation, and why). Runs on its shard's executor.
#pragma once

#include "launcher/launcher.h"
#include "sandbox/sandbox.h"

#include <chrono>
#include <string>

namespace proa::sandbox {

/// What becomes of booting a kernel.
struct BootReport {
  launcher::Accelerator accelerator = launcher::Accelerator::tcg;
  std::chrono::milliseconds took{0};  ///< from the request until proa-init answered
};

/// Boots `kernel` with `memory_mib` in a slot of its own, and ends it as soon as proa-init answers.
/// Errc: deadline (it did not within `limit`; with the last lines of its console), unavailable (it
/// ended before; likewise), as launcher::Client::start_guest(), exhausted, os.
Task<BootReport> boot_guest(boost::asio::any_io_executor executor, launcher::Client& launcher,
                            launcher::GuestPlan plan, std::chrono::milliseconds limit);

/// Who plays guests' processors on this host, and how that was found out.
struct AcceleratorChoice {
  launcher::Accelerator accelerator = launcher::Accelerator::tcg;
  std::string reason;  ///< "there is no /dev/kvm", "a guest booted by KVM in 210 ms"
};

/// KVM where the device is there and a guest of this plan boots by it within five seconds, else
/// translation: there are hosts whose KVM takes a guest and never runs it. Never fails.
boost::asio::awaitable<AcceleratorChoice> choose_accelerator(boost::asio::any_io_executor executor,
                                                             launcher::Client& launcher,
                                                             launcher::GuestPlan plan);

/// How fast this host's time stamp counter counts, in kHz, by comparing it with the raw monotonic
/// clock for 20 ms. Blocks. Errc: unsupported (no x86-64).
Result<std::uint32_t> measure_tsc_khz();

const char* name_of(launcher::Accelerator accelerator);

}  // namespace proa::sandbox
