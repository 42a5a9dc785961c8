// One virtual machine: a slot of the launcher with QEMU in it, its port and its console.
#pragma once

#include "base/pending.h"
#include "base/task_group.h"
#include "sandbox/microvm.h"
#include "sandbox/microvm/guest_port.h"
#include "sandbox/slot.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>
#include <string>

namespace proa::sandbox {

/// Owned by whoever boots it; close() before destruction. Background tasks read the port and the
/// console until the machine is gone; close() joins them.
class Guest {
 public:
  Guest(boost::asio::any_io_executor executor, launcher::Client& launcher);
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  /// Boots until proa-init answers. Errc as boot_guest(). On error only close() may follow.
  Task<void> start(launcher::GuestPlan plan, std::chrono::milliseconds limit);
  Task<void> close();

 private:
  boost::asio::awaitable<void> watch_console();
  boost::asio::awaitable<void> watch_exit();
  Task<void> take_slot(const launcher::GuestPlan& plan);
  GuestPort::Events port_events();
  /// "; its console ended with: ..." or nothing.
  std::string last_words() const;

  boost::asio::any_io_executor executor_;
  launcher::Client& launcher_;
  Slot slot_;
  std::unique_ptr<GuestPort> port_;
  boost::asio::posix::stream_descriptor console_;
  std::string console_text_;
  Pending<bool> init_up_;
  Pending<std::string> ended_;  ///< empty, or why it could not be started
  TaskGroup tasks_;
};

}  // namespace proa::sandbox
