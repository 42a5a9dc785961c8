// The microVM backend: virtual machines by QEMU, booted by the launcher in an environment's place.
//
// Nouns: MicrovmFactory (machines as sandboxes), GuestBuild (what one is made of), MachineTemplate
// (what one can be a copy of; a TemplateMaker makes them), boot_guest()
// (boots one and ends it: whether a kernel works here, and how fast), AcceleratorChoice (hardware
// virtualisation or translation, and why). Runs on its shard's executor. Long document:
// docs/decisions/0023-guests.md.
#pragma once

#include "base/pending.h"
#include "base/task_group.h"
#include "launcher/launcher.h"
#include "sandbox/sandbox.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace proa::sandbox {

class Guest;

/// What a machine has in which a kernel's own share is measured.
inline constexpr std::uint32_t kMeasuredMib = 128;

/// A machine that was stopped when its runtime waited for a function: what copies are made of.
/// Never changed once made; shared by shards.
struct MachineTemplate {
  os::UniqueFd memory_file;               ///< a memfd, sealed
  std::string state;                      ///< of QEMU's devices
  std::optional<RuntimeCommand> command;  ///< the process that runs in it; none: only proa-init
  std::string said;  ///< by it, as it came through the port: that it waits, and what it printed
  Bytes memory;      ///< that it takes on the host
};

/// Images of a function, open for reading.
struct FunctionDisks {
  os::UniqueFd code;
  os::UniqueFd layers;  ///< empty: it has none
};

/// What became of a machine's start.
struct GuestOutcome {
  std::optional<Error> failure;     ///< none: it runs
  bool is_templates_fault = false;  ///< it failed before it was more than a copy
};

/// What a machine for a function is made of.
struct GuestBuild {
  launcher::GuestPlan plan;  ///< but for its memory, which follows from the function's
  std::string kernel_name;   ///< "stock"
  /// Of a machine with 128 MiB, what kernel and devices keep to themselves; empty: not measured.
  std::optional<std::uint32_t> kernel_mib;
  std::chrono::milliseconds boot_limit{0};
  /// It is a copy of this one; null: it boots.
  std::shared_ptr<const MachineTemplate> from;
  /// Its images, for a machine that runs already: it has been a copy of `from` for a while.
  std::function<Task<FunctionDisks>()> open_disks;
  /// Told what became of it; nothing where it was of no use for this function to begin with.
  std::function<void(const GuestOutcome&)> outcome;
  /// Has to stay while the machine lives, and may go after it; may be empty.
  std::shared_ptr<void> hold;
};

/// Finds kernel, processor and images for a machine, and makes images that are not there yet: may
/// take seconds. Without code it is one that waits for a function. Errc: unsupported (names what
/// the host lacks and what to do), not_found (a tree), exhausted, unavailable, os.
using GuestBuilder = std::function<Task<GuestBuild>(Assignment)>;

/// Makes sandboxes that are virtual machines, through one shard's launcher client, which must
/// outlive it and them, as what the builder refers to.
class MicrovmFactory final : public SandboxFactory {
 public:
  MicrovmFactory(boost::asio::any_io_executor executor, launcher::Client& launcher,
                 GuestBuilder build)
      : executor_(std::move(executor)), launcher_(launcher), build_(std::move(build)) {}
  /// A machine, whatever the spec says of isolation.
  std::unique_ptr<Sandbox> make(SandboxSpec spec) override;

 private:
  boost::asio::any_io_executor executor_;
  launcher::Client& launcher_;
  GuestBuilder build_;
};

/// What becomes of booting a kernel.
struct BootReport {
  launcher::Accelerator accelerator = launcher::Accelerator::tcg;
  std::chrono::milliseconds took{0};  ///< from the request until proa-init answered
  Bytes available;  ///< of the guest's memory, what processes could have; 0: it did not say
};

/// Boots `kernel` with `memory_mib` in a slot of its own, and ends it as soon as proa-init answers.
/// Errc: deadline (it did not within `limit`; with the last lines of its console), unavailable (it
/// ended before; likewise; or kernel or image are gone), else as launcher::Client::start_guest(),
/// exhausted, os.
Task<BootReport> boot_guest(boost::asio::any_io_executor executor, launcher::Client& launcher,
                            launcher::GuestPlan plan, std::chrono::milliseconds limit);

/// What a template is made of.
struct TemplatePlan {
  launcher::GuestPlan plan;                  ///< without memory and code
  std::uint32_t memory_mib = 0;              ///< of the functions that it is for
  std::optional<std::uint32_t> kernel_mib;   ///< as GuestBuild has it
  std::optional<RuntimeCommand> command;     ///< what runs in it; none: proa-init alone
  std::vector<std::string> ahead_variables;  ///< that the process gets besides
  std::chrono::milliseconds boot_limit{0};
};

/// Makes templates, one at a time. Everything is called on the executor; ends after its make().
class TemplateMaker {
 public:
  /// `launcher` outlives it; `blocking` copies memory.
  TemplateMaker(boost::asio::any_io_executor executor, launcher::Client& launcher,
                boost::asio::any_io_executor blocking)
      : executor_(std::move(executor)), launcher_(launcher), blocking_(std::move(blocking)) {}
  /// Boots a machine for nobody, starts its process, waits until that waits for a function, and
  /// stops the machine for good. Errc: as boot_guest(); conflict (it makes one).
  Task<std::shared_ptr<const MachineTemplate>> make(TemplatePlan wanted);
  /// The make() that runs fails as soon as it can, and so does every later one.
  void cancel();

 private:
  boost::asio::any_io_executor executor_;
  launcher::Client& launcher_;
  boost::asio::any_io_executor blocking_;
  Guest* guest_ = nullptr;  ///< that becomes one
  bool is_cancelled_ = false;
};

/// Who plays guests' processors on this host, and how that was found out.
struct AcceleratorChoice {
  launcher::Accelerator accelerator = launcher::Accelerator::tcg;
  std::string reason;  ///< "there is no /dev/kvm", "a guest booted by KVM in 210 ms"
};

/// What is tried to find that out.
struct AcceleratorTrial {
  std::string device = "/dev/kvm";
  std::chrono::milliseconds kvm_limit{5'000};
  /// A translated boot of a few seconds takes several times that on a busy host.
  std::chrono::milliseconds tcg_limit{60'000};
};

/// KVM where the device is there and a guest of this plan boots by it in time. Translation without
/// the device, where KVM takes a guest and never runs it, and where a guest that ended under KVM
/// boots translated. Whatever else fails says nothing of the host. Errc: as boot_guest().
Task<AcceleratorChoice> choose_accelerator(boost::asio::any_io_executor executor,
                                           launcher::Client& launcher, launcher::GuestPlan plan,
                                           AcceleratorTrial trial);

/// Keeps the choice once it is made. On one executor, which has run to its end before it goes.
class AcceleratorChooser {
 public:
  /// `launcher` outlives it.
  AcceleratorChooser(boost::asio::any_io_executor executor, launcher::Client& launcher,
                     AcceleratorTrial trial = {});
  /// What was chosen; else the first who asks tries, with a guest of this plan, and the others wait
  /// for what comes of it. Errc: as choose_accelerator(), after which the next one tries again.
  Task<AcceleratorChoice> choose(launcher::GuestPlan plan);
  /// Nothing until there is one.
  const std::optional<AcceleratorChoice>& choice() const { return choice_; }

 private:
  struct Tried {
    std::optional<Error> failure;
  };
  using Outcome = std::shared_ptr<Pending<Tried>>;
  boost::asio::awaitable<void> try_out(launcher::GuestPlan plan, Outcome outcome);

  boost::asio::any_io_executor executor_;
  launcher::Client& launcher_;
  AcceleratorTrial trial_;
  std::optional<AcceleratorChoice> choice_;
  Outcome trying_;  ///< of all who wait for it, some of whom may have given up
  TaskGroup tasks_;
};

/// How fast this host's time stamp counter counts, in kHz, by comparing it with the raw monotonic
/// clock for 100 ms. Blocks. Errc: unsupported (no x86-64).
Result<std::uint32_t> measure_tsc_khz();

const char* name_of(launcher::Accelerator accelerator);

}  // namespace proa::sandbox
