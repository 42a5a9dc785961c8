// Port: the guest's end of its virtserialport: the control link's frames and the streams.
//
// Like Control, which it drives, a state machine without a system call of its own: guest.h moves
// bytes between it, the port and the processes inside. Freestanding; one thread.
#pragma once

#include "frames/init/control.h"
#include "frames/streams.h"

#include <array>
#include <cstddef>
#include <span>

namespace proa::frames::init {

/// Descriptors of a runtime process: standard three, and the runtime link's two.
inline constexpr std::size_t kProcessDescriptors = 5;

class PortActions : public Actions {
 public:
  /// Makes what a process started now inherits, and keeps the other ends for its streams. False
  /// when there is no room for it.
  virtual bool open_ends(std::span<int, kProcessDescriptors> inherited) = 0;

 protected:
  ~PortActions() = default;
};

/// One port's state. Owned by the role; lives as long as init.
class Port {
 public:
  /// `available_bytes`: as in Control.
  explicit Port(PortActions& actions, std::uint64_t available_bytes = 0)
      : actions_(actions), control_(actions, Inside::guest, available_bytes), streams_(true) {}
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  Control& control() { return control_; }
  Streams& streams() { return streams_; }

  /// Where the next bytes of the port belong; never empty until stopped.
  std::span<std::byte> wanted();
  /// `count` bytes were read into wanted().
  void received(std::size_t count);
  /// The host has closed the port.
  void link_ended();

  /// Says what memory the processes use, if that is news: before bytes that are put() later. Asked
  /// only while there is room() for some.
  void report_memory();
  /// Where bytes for `stream` are to be read to, as many as may be sent at the moment; then put().
  std::span<std::byte> room(const Stream& stream);
  void put(Stream& stream, std::size_t count);

  /// Bytes for the host, and how many of them were sent.
  std::span<const std::byte> outgoing();
  void sent(std::size_t count);

 private:
  void take_header();
  void take_control(std::size_t count, std::span<const int> descriptors);
  std::span<std::byte> free_room();
  void take_said();

  PortActions& actions_;
  Control control_;
  Streams streams_;
  Header header_;
  bool has_header_ = false;
  std::size_t have_ = 0;  ///< bytes of the header, or of the body behind it
  std::array<std::byte, kHeaderSize> header_bytes_{};
  std::array<std::byte, kStreamBodyMax> body_{};
  std::size_t out_begin_ = 0;
  std::size_t out_end_ = 0;
  std::array<std::byte, 4 * kStreamPiece> out_{};
};

}  // namespace proa::frames::init
