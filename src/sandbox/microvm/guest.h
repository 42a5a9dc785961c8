// One virtual machine: a slot of the launcher with QEMU in it, its port and its console. Private to
// sandbox/.
#pragma once

#include "base/pending.h"
#include "base/task_group.h"
#include "sandbox/microvm.h"
#include "sandbox/microvm/guest_port.h"
#include "sandbox/microvm/monitor.h"
#include "sandbox/slot.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>
#include <string>

namespace proa::sandbox {

/// Owned by whoever boots it; close() before destruction. Background tasks read the port and the
/// console until the machine is gone; close() joins them. States: new -> take_slot() -> boot()
/// or restore() -> up -> ended.
class Guest {
 public:
  /// `events` are those of the port of a machine that has answered. `ended` comes also for one that
  /// never has.
  Guest(boost::asio::any_io_executor executor, launcher::Client& launcher,
        GuestPort::Events events = {});
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  /// Errc: as Slot::acquire(). On error only close() may follow, here and below.
  Task<void> take_slot(std::uint32_t tmp_mib);
  /// Boots until proa-init answers, and tells it the time. Of `limits` the memory and the number of
  /// processes are replaced by what QEMU needs; a boot is our work and not the function's, so the
  /// slot is left with ProcessorShare::of_start. Errc as boot_guest().
  Task<void> boot(launcher::GuestPlan plan, SandboxLimits limits, std::chrono::milliseconds limit);
  /// In place of boot(): a copy of a machine, of which the plan has the memory. It is given
  /// entropy and time of its own, and /tmp and network, before it goes on; and the function's disks
  /// where the plan has any, else with give(). Errc: as boot().
  Task<void> restore(launcher::GuestPlan plan, SandboxLimits limits,
                     std::chrono::milliseconds limit, const MachineTemplate& from);
  /// What a copy without a function gets with one, whose memory is what it was made with. Errc: as
  /// boot().
  Task<void> give(const FunctionDisks& disks, SandboxLimits limits,
                  std::chrono::milliseconds limit);
  /// Stops a machine whose memory is written to a file for good; what its devices know goes to
  /// `state`, a file. Errc: unavailable, deadline.
  Task<void> save(int state, std::chrono::milliseconds limit);
  /// Ends the machine and waits until nothing of it runs. What it has of the slot stays.
  Task<void> end_machine();
  /// end_machine(), and gives the slot back.
  Task<void> close();

  Slot& slot() { return slot_; }
  const Slot& slot() const { return slot_; }
  /// Only once it is up.
  GuestPort& port() { return *port_; }
  /// Of its memory, what processes could have when it came up; 0: it did not say.
  Bytes available() const { return available_; }
  /// True of a copy from its start until it is itself: if it fails then, its template did.
  bool is_bad_copy() const { return is_bad_copy_; }
  /// True once nothing can run in it any more.
  bool has_ended() const { return has_ended_; }

 private:
  Task<void> start(launcher::GuestPlan plan, const SandboxLimits& limits);
  Task<void> wait_for(Pending<bool>& answer, SteadyTime deadline);
  Task<void> wait_until_up(SteadyTime deadline, std::chrono::milliseconds limit);
  boost::asio::awaitable<void> watch_console();
  boost::asio::awaitable<void> watch_exit();
  Pending<bool>* answer_of(frames::Type type);
  bool take_frame(frames::Type type, std::string_view body);
  void end();
  GuestPort::Events port_events();
  /// "; its console ended with: ..." or nothing.
  std::string last_words() const;

  boost::asio::any_io_executor executor_;
  launcher::Client& launcher_;
  GuestPort::Events events_;
  Slot slot_;
  std::unique_ptr<GuestPort> port_;
  boost::asio::posix::stream_descriptor console_;
  std::string console_text_;
  std::unique_ptr<Monitor> monitor_;
  bool has_ipv6_ = false;
  bool is_template_ = false;
  bool is_bad_copy_ = false;
  std::uint32_t memory_mib_ = 0;
  Bytes available_;
  Pending<bool> init_up_;
  Pending<bool> held_;
  Pending<bool> restored_;
  Pending<bool> mounted_;
  Pending<std::string> ended_;  ///< empty, or why it could not be started
  bool has_ended_ = false;
  TaskGroup tasks_;
};

}  // namespace proa::sandbox
