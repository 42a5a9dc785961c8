// Processor pinning: environments whose calls are short run on the processor of their shard.
//
// Waking a process on another processor costs more than a short call does; on its own the kernel
// takes whichever is idle. So an environment whose calls have been short for a while is confined to
// its shard's processor (control group controller cpuset), and set free as soon as a call of it
// takes longer than kFreedAfter: what computes or waits must not stand in the shard's way. `pool`'s
// environments own a ProcessorPin each; the shard owns the PinWatch. Runs on the shard's executor.
#pragma once

#include "base/clock.h"
#include "sandbox/sandbox.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace proa::environment {

class ProcessorPin;

/// The processors of one shard and its pinned environments that run a call now. Outlives its pins.
class PinWatch {
 public:
  /// `processor`: the shard's, as a cpuset list ("3"); `all`: all that environments may use
  /// ("0-3"). See cpuset(7), "List format".
  PinWatch(boost::asio::any_io_executor executor, std::string processor, std::string all);
  ~PinWatch();
  PinWatch(const PinWatch&) = delete;
  PinWatch& operator=(const PinWatch&) = delete;

  /// A call that runs longer than this frees its environment.
  static constexpr std::chrono::microseconds kFreedAfter{1'000};

 private:
  friend class ProcessorPin;
  struct State;

  std::shared_ptr<State> state_;  // the timer's handler may run after this object
};

/// Where one environment's processes may run. Owned by its Environment.
class ProcessorPin {
 public:
  /// Without a watch nothing is ever pinned.
  ProcessorPin(const PinWatch* watch, sandbox::Sandbox& sandbox);
  ~ProcessorPin();
  ProcessorPin(const ProcessorPin&) = delete;
  ProcessorPin& operator=(const ProcessorPin&) = delete;

  /// A call of a warm environment begins: pins it if its calls have been short.
  void call_begins(SteadyTime now);
  /// It ended; learns from how long it took.
  void call_ended(SteadyTime now);
  /// Lets it run anywhere, until the next call if its calls are short.
  void free();
  bool is_pinned() const { return is_pinned_; }

  /// The part of the last calls (the very last counts a sixteenth) that were short from which on it
  /// is pinned. Not all: on a busy host some calls of a short function take a while.
  static constexpr double kShortPart = 0.8;

 private:
  friend struct PinWatch::State;

  std::shared_ptr<PinWatch::State> watch_;  // none: off
  sandbox::Sandbox& sandbox_;
  SteadyTime begin_;
  double short_part_ = 0;
  bool is_pinned_ = false;
};

}  // namespace proa::environment
