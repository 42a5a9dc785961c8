// Control: what proa-init does about what the host says. Bytes in, bytes and actions out.
//
// A state machine without a system call of its own: the role (container.h) moves bytes between it
// and the link and tells it which processes ended; it starts and kills through Actions. So tests
// and the fuzzer drive it on any machine. Freestanding: no allocation, no exceptions; one thread.
#pragma once

#include "frames/frames.h"

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace proa::frames::init {

/// What came of starting a process: a process id, or an errno.
struct Started {
  pid_t pid = -1;
  int error = 0;  ///< other than 0: there is no process, nothing is left to reap
};

enum class KillRound : std::uint8_t { signalled, nobody_left, failed };

/// What Control needs of the system. The role implements it.
class Actions {
 public:
  /// Starts the process that `view` describes; descriptor i of the list becomes its descriptor i.
  virtual Started start(const StartView& view, std::span<const int> descriptors) = 0;
  /// Sends SIGKILL to every process but init. nobody_left: there is none, not even a dead one.
  virtual KillRound kill_everyone() = 0;
  virtual void close_descriptor(int descriptor) = 0;
  /// Sets the clock of the machine. Asked of a guest only. False when the kernel refuses.
  virtual bool set_clock(std::uint64_t /*time_ns*/) { return false; }
  /// Makes a machine that was copied one of its own, as RestoreView says. Asked of a guest only.
  /// False where it is no template, or when the kernel refuses.
  virtual bool restore(const RestoreView& /*view*/) { return false; }
  /// Mounts the disks of the function that such a machine is for. Asked of a guest only. False
  /// where it is no copy, where it was asked before, or when the kernel refuses.
  virtual bool mount(const MountView& /*view*/) { return false; }
  /// What the processes have used until now; true when that is news. A container's is known to the
  /// host.
  virtual bool memory_news(MemoryView& /*out*/) { return false; }

 protected:
  ~Actions() = default;  // never destroyed through this class; a virtual one would need delete
};

/// Why init ends. The values are its exit codes.
enum class Stop : std::uint8_t {
  link_closed = 0,      ///< the host closed the link between two frames: the ordinary end
  not_first = 64,       ///< init is not process 1, or descriptor 3 is no link
  protocol_error = 65,  ///< the host said what it must not say
  failed = 71,          ///< a system call failed that has to work, or kill_all never came to an end
};

/// Whose control link it is.
enum class Inside : std::uint8_t { container, guest };

/// One control link's state.
///   idle --start--> running --its process ends--> ended
///   any but killing --kill_all--> killing --nobody left--> idle
/// Beside that a guest's holds from hold to restore: nothing is said and nothing else is taken.
///   any --end of link, protocol error--> stopped
/// Created with `init_up` queued. Owned by the role; lives as long as init.
class Control {
 public:
  enum class State : std::uint8_t { idle, running, ended, killing, stopped };
  /// kill_all gives up after this many rounds of kKillRoundMs without an end.
  static constexpr int kKillRoundsMax = 250;
  static constexpr int kKillRoundMs = 20;

  /// `available_bytes`: what `init_up` says; 0: nothing.
  explicit Control(Actions& actions, Inside inside = Inside::container,
                   std::uint64_t available_bytes = 0);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// Where the next bytes of the link belong; never empty until stopped. Reading no more than this
  /// keeps a frame's descriptors with its first byte.
  std::span<std::byte> wanted();
  /// `count` bytes were read into wanted(), and these descriptors came with them. Control owns the
  /// descriptors from here on.
  void received(std::size_t count, std::span<const int> descriptors);
  /// The link is at its end.
  void link_ended();
  /// Something that has to work did not.
  void fail(Stop reason);

  /// Process `pid` ended and was reaped.
  void process_ended(pid_t pid, int wait_status);
  /// Init has no children at this moment: the next round of a kill_all may find nobody left.
  void no_children();
  /// kKillRoundMs passed while state() is killing.
  void kill_round_over();

  /// From `hold` to `restore`: the role leaves the processes alone.
  bool is_held() const { return is_held_; }

  /// Queues `memory` if there is news. What `exited` and `killed` need is done without.
  void report_memory();

  /// Bytes for the host, and how many of them were sent.
  std::span<const std::byte> outgoing() const;
  void sent(std::size_t count);

  State state() const { return state_; }
  /// Why it stopped; only with state() == stopped.
  Stop stop_reason() const { return stop_reason_; }

 private:
  // Room for every answer that a host which reads may have outstanding, several times over.
  static constexpr std::size_t kOutboxSize = 512;

  void take_header();
  bool is_allowed() const;
  void take_frame();
  void start();
  void set_clock();
  void restore();
  void mount();
  void kill_round();
  void queue(Type type, std::span<const std::byte> body);
  void queue_exited(const ExitedView& view);
  void drop_descriptors();

  Actions& actions_;
  Inside inside_;
  State state_ = State::idle;
  Stop stop_reason_ = Stop::failed;
  bool is_held_ = false;
  bool has_header_ = false;
  Header header_;
  std::size_t have_ = 0;  // bytes of the header, or of the body after has_header_
  std::array<int, kMaxStartDescriptors> descriptors_{};
  std::size_t descriptor_count_ = 0;
  pid_t pid_ = -1;  // the started process until it is reaped
  int kill_rounds_ = 0;
  std::size_t out_size_ = 0;
  std::array<std::byte, kOutboxSize> out_{};
  std::array<std::byte, kHeaderSize> header_bytes_{};
  std::array<std::byte, kMaxStartBody> body_{};
};

}  // namespace proa::frames::init
