// Streams: byte streams through the one port of a guest, each with flow control of its own.
//
// A container gets pipes and sockets as descriptors; into a guest leads a virtserialport alone. So
// the frames of the control link share it with streams: those of the runtime process (calls,
// answers, output), which `start` makes, and one for every connection that a program inside makes
// to a service of ours. A sender may be kStreamWindow bytes ahead of the receiver and no more, so a
// function that floods its output, or does not read its calls, holds up nobody else. Each direction
// ends with the sender's stream_end, which answers a stream_stop too; a stream is over when both
// have ended.
//
// Both ends are this class, and it makes no system call: it reads and writes frames in memory.
// Freestanding like frames.h; one thread. Everything that a peer sends is checked.
#pragma once

#include "frames/frames.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace proa::frames {

inline constexpr std::uint32_t kStreamWindow = 32 * 1024;
inline constexpr std::size_t kStreamPiece = 16 * 1024;       ///< most bytes of one stream_data
inline constexpr std::size_t kStreamHead = kHeaderSize + 4;  ///< of a stream_data, before its bytes
inline constexpr std::size_t kStreamBodyMax = kStreamPiece + 4;
/// Connections that a guest has at most; more wait in its listeners.
inline constexpr std::size_t kConnectionsMax = 16;

/// The runtime process's streams.
inline constexpr std::uint32_t kCallsStream = 1;    ///< to its descriptor 3
inline constexpr std::uint32_t kAnswersStream = 2;  ///< from its descriptor 4
inline constexpr std::uint32_t kOutputStream = 3;   ///< from its standard output and error
inline constexpr std::uint32_t kFirstConnection = 16;

/// What a connection from inside asks for.
enum class Service : std::uint8_t { none = 0, runtime_api = 1, lambda_api = 2 };

/// One stream, at one of its ends.
struct Stream {
  std::uint32_t id = 0;  ///< 0: this place is free
  Service service = Service::none;
  bool is_new = false;    ///< the peer opened it; whoever serves it clears this
  bool open_due = false;  ///< we opened it and have to say so

  // What the peer sends.
  bool peer_ended = false;
  bool is_stopped = false;     ///< we take no more
  bool stop_due = false;       ///< and have to say so
  std::uint32_t window = 0;    ///< bytes that the peer may still send
  std::uint32_t to_grant = 0;  ///< bytes consumed and not granted again

  // What we send.
  std::uint32_t credit = 0;  ///< bytes that we may send
  bool peer_stopped = false;
  bool has_finished = false;  ///< we send no more
  bool end_due = false;       ///< and have to say so

  std::uint32_t begin = 0;  ///< unread bytes are [begin, end)
  std::uint32_t end = 0;
  std::array<std::byte, kStreamWindow> bytes;
};

/// The streams of one port, at one of its ends.
class Streams {
 public:
  static constexpr std::size_t kPlaces = 2 * kConnectionsMax;

  /// The guest makes connections, the host takes them. Leaves the buffers as they are: untouched
  /// pages cost nothing.
  explicit Streams(bool is_guest) : is_guest_(is_guest) {}
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  /// Makes the three streams of a runtime process; the guest's end does when it gets `start`, the
  /// host's when it sends that. Those of the last process that are over are released; false when
  /// one of them is not.
  bool open_process();
  /// A new connection, to be told to the peer; null when there are kConnectionsMax.
  Stream* open_connection(Service service);
  Stream* find(std::uint32_t id);
  std::span<Stream> places() { return places_; }

  /// A frame of the types stream_*. malformed: what no peer may say; the port is of no use any
  /// more.
  Status take(Type type, std::span<const std::byte> body);

  /// What has come and is not consumed.
  static std::span<const std::byte> unread(const Stream& stream);
  /// The first `count` bytes of unread() were delivered.
  static void consume(Stream& stream, std::size_t count);
  /// The peer has ended, and everything is consumed.
  static bool is_at_end(const Stream& stream);
  /// Nothing more is taken; what is unread goes.
  static void stop(Stream& stream);

  /// How many bytes may be put() now.
  static std::size_t room(const Stream& stream);
  /// Makes the frame of `count` bytes that stand in `out` behind kStreamHead bytes of room;
  /// 0 < count <= room(). Returns its size.
  static std::size_t put(Stream& stream, std::span<std::byte> out, std::size_t count);
  /// Nothing more is sent.
  static void finish(Stream& stream);

  /// Both directions have ended and that is told: release() gives the place back.
  static bool is_over(const Stream& stream);
  static void release(Stream& stream) { stream.id = 0; }

  /// Writes the frames that are due (open, credit, stop, end), as many as fit; how many bytes.
  std::size_t collect(std::span<std::byte> out);

 private:
  Stream* make(std::uint32_t id);
  Status take_open(std::span<const std::byte> body);
  static Status take_data(Stream& stream, std::span<const std::byte> bytes);
  static Status take_credit(Stream& stream, std::span<const std::byte> bytes);
  bool was_open(std::uint32_t id) const;

  bool is_guest_;
  std::uint32_t next_id_ = kFirstConnection;              ///< of a connection that we open
  std::uint32_t highest_id_ = 0;                          ///< of those that the peer has opened
  std::array<std::uint32_t, kConnectionsMax> refused_{};  ///< to be told; 0: none
  std::array<Stream, kPlaces> places_;
};

}  // namespace proa::frames
