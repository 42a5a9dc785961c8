// Frames: how the host talks with proa-init and with the language bootstraps.
//
// A frame is a header of 8 bytes and a body. All integers are little-endian.
//
//   u32 body length (at most kMaxBody) | u8 type | u8 flags (0) | u16 reserved (0) | body
//
// Two links use it, with disjoint sets of types. The *control* link joins the host and proa-init
// (first process of a container or a guest). The *runtime* link joins the host and a language
// bootstrap: a Unix stream socket in a container, a pipe pair relayed by proa-init in a guest.
// A guest has one port for all: the frames of its control link, and byte streams (streams.h).
// Everything that arrives here was written by untrusted code: lengths are checked before use.
//
// This header is freestanding (Debian's musl has no C++ library): no allocation, no exceptions, a
// plain status enum. It is compiled once for proa-init and once for the host, tests and fuzzers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace proa::frames {

inline constexpr std::size_t kHeaderSize = 8;
/// 6 MiB + 100 B of payload (Lambda's limit on an answer), one byte more so that "too large" can be
/// told from "garbage", and room for ids and lengths.
inline constexpr std::uint32_t kMaxBody = 6 * 1024 * 1024 + 64 * 1024;
/// Length of a request id: a UUID as text.
inline constexpr std::size_t kRequestIdSize = 36;

/// Frame types. Values are wire format: never reuse one.
enum class Type : std::uint8_t {
  // runtime link, host to function
  configure = 1,  ///< a parked runtime gets its function. Body: JSON, see runtimes/README.md
  invoke = 2,     ///< Body: InvokeView
  rehearse = 3,   ///< a parked runtime runs a function of nobody, and parks again. Body: InvokeView
  // runtime link, function to host
  ready = 16,       ///< initialised, waits for the first invoke. Body: empty
  response = 17,    ///< Body: request id (36 B), answer
  error = 18,       ///< Body: request id (36 B), JSON {errorMessage, errorType, stackTrace}
  init_error = 19,  ///< Body: JSON as above; the runtime exits afterwards
  parked = 20,      ///< interpreter started, waits for configure. Body: JSON {"runtime": "..."}
  too_large = 21,   ///< the answer exceeds the limit and was not sent. Body: request id, u64 size
  last_error = 22,  ///< as `error`, and the process ends: it takes no further call
  // control link, host to proa-init
  start = 64,      ///< start the runtime process. Body: StartView; descriptors by SCM_RIGHTS
  kill_all = 65,   ///< kill every process but init; answered by `killed`. Body: empty
  set_clock = 66,  ///< to a guest only: what time it is. Body: u64 nanoseconds since 1970
  hold = 67,       ///< to a guest only: say `held` and then nothing more. Body: empty
  restore = 68,    ///< to a guest only that holds: it is a copy. Body: RestoreView
  mount = 69,      ///< to a copy only: its function's disks are there. Body: MountView
  // control link, proa-init to host
  init_up = 80,   ///< proa-init runs. Body: empty; of a guest see init_up.h
  exited = 81,    ///< the runtime process ended, or could not be started. Body: ExitedView
  killed = 82,    ///< answer to kill_all: no process but init is left. Body: empty
  memory = 83,    ///< from a guest only: what its processes have used. Body: MemoryView
  held = 84,      ///< answer to hold: the last word until `restore`. Body: empty
  restored = 85,  ///< answer to restore: the machine is itself. Body: empty
  mounted = 86,   ///< answer to mount: code and layers are in their places. Body: empty
  // port of a guest, both ways, beside the control link's: see streams.h
  stream_open = 96,     ///< from the guest. Body: u32 stream, u8 service, u8 0, u16 0
  stream_data = 97,     ///< Body: u32 stream, 1 to kStreamPiece bytes
  stream_end = 98,      ///< nothing more is sent. Body: u32 stream
  stream_stop = 99,     ///< nothing more is taken. Body: u32 stream
  stream_credit = 100,  ///< so much more is taken. Body: u32 stream, u32 bytes
};

enum class Status : std::uint8_t { ok, need_more, malformed };

struct Header {
  std::uint32_t body_size = 0;
  Type type = Type::ready;
};

/// Reads a header. need_more: fewer than 8 bytes. malformed: too long, or reserved bits set.
Status decode_header(std::span<const std::byte> bytes, Header& out);
/// Writes a header into `out`.
void encode_header(const Header& header, std::span<std::byte, kHeaderSize> out);

/// Body of `invoke`:
///   u64 deadline (ms since 1970) | request id (36 B) | u16+bytes invoked ARN | u16+bytes trace id
///   | u32+bytes client context (JSON or empty) | u32+bytes cognito identity (JSON or empty)
///   | the event, to the end
struct InvokeView {
  std::uint64_t deadline_ms = 0;
  std::string_view request_id = {};
  std::string_view invoked_arn = {};
  std::string_view trace_id = {};
  std::string_view client_context = {};
  std::string_view cognito_identity = {};
  std::string_view payload = {};
};

/// Bytes that encode_invoke_head() writes for `view`: everything but the payload.
std::size_t invoke_head_size(const InvokeView& view);
/// Writes the body up to the payload into `out`, which has invoke_head_size() bytes. request_id
/// must have 36 characters, ARN and trace id fewer than 65,536: the process traps otherwise.
void encode_invoke_head(const InvokeView& view, std::span<std::byte> out);
/// Reads a body of `invoke`. malformed: a length points outside the body.
Status decode_invoke(std::span<const std::byte> body, InvokeView& out);

// Order on the control link. proa-init sends `init_up` once. Then the host sends `start` and gets
// exactly one `exited` for it. After the process ran (wait status without errno) only `kill_all`
// may follow; after `killed` (or after an exec that failed) `start` is allowed again. `kill_all` is
// allowed at any time but between itself and its `killed`. If it ends the process, `exited` comes
// before `killed`. A guest takes `set_clock` at any time, and sends `memory` when there is news:
// before bytes from inside, `exited` and `killed`. Anything else ends proa-init, and with it every
// process of the environment.

/// Limits of a `start`: its body, arguments, environment variables, descriptors.
inline constexpr std::size_t kMaxStartBody = std::size_t{256} * 1024;
inline constexpr std::size_t kMaxStartArguments = 256;
inline constexpr std::size_t kMaxStartVariables = 1024;
inline constexpr std::size_t kMinStartDescriptors = 3;
inline constexpr std::size_t kMaxStartDescriptors = 16;

/// Body of `start`:
///   u32 uid | u32 gid | u16 arguments | u16 variables | u16 descriptors | u16 reserved (0)
///   | u16+bytes+NUL working directory | arguments, then variables, each u32+bytes+NUL
/// Strings end with a NUL that their length does not count and contain no other, so that argv and
/// envp can point into the body. The first argument is the absolute path of the program. Descriptor
/// i of the SCM_RIGHTS message, sent with the frame's first byte, becomes descriptor i of the
/// process: standard input, output and error, then what else it inherits (e.g. the runtime link).
struct StartView {
  std::uint32_t uid = 0;  ///< never 0 and never 2^32-1, and so the gid
  std::uint32_t gid = 0;
  std::uint16_t arguments = 0;
  std::uint16_t variables = 0;
  std::uint16_t descriptors = 0;
  std::string_view directory = {};          ///< absolute; followed by a NUL in the body
  std::span<const std::byte> strings = {};  ///< arguments and variables as they stand in the body
};

/// What encode_start() makes a body of.
struct StartSpec {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint16_t descriptors = kMinStartDescriptors;
  std::string_view directory = {};
  std::span<const std::string_view> arguments = {};
  std::span<const std::string_view> variables = {};  ///< NAME=value
};

/// Bytes that encode_start() writes for `spec`.
std::size_t start_body_size(const StartSpec& spec);
/// Writes the body into `out`, which has start_body_size() bytes. malformed: a limit is exceeded,
/// or decode_start() would refuse the result.
Status encode_start(const StartSpec& spec, std::span<std::byte> out);
/// Reads and checks a whole body of `start`. malformed: anything StartView does not allow.
Status decode_start(std::span<const std::byte> body, StartView& out);
/// Points `argv` and `envp` at the strings of a decoded view and ends both with a null pointer;
/// they have one place more than the view has arguments and variables.
void start_pointers(const StartView& view, std::span<const char*> argv,
                    std::span<const char*> envp);

inline constexpr std::size_t kExitedSize = 8;
/// Body of `exited`: u32 wait status (as of waitpid(2)) | u32 errno. With an errno other than 0 the
/// process was never started, and the wait status means nothing.
struct ExitedView {
  std::uint32_t wait_status = 0;
  std::uint32_t start_errno = 0;
};
void encode_exited(const ExitedView& view, std::span<std::byte, kExitedSize> out);
/// malformed: a body of another size.
Status decode_exited(std::span<const std::byte> body, ExitedView& out);

inline constexpr std::size_t kMemorySize = 16;
/// Body of `memory`: u64 bytes | u32 kills | u32 reserved (0). Both only grow while the guest runs.
struct MemoryView {
  std::uint64_t peak_bytes = 0;  ///< most that its processes were seen to use together
  std::uint32_t oom_kills = 0;   ///< processes that its kernel killed for want of memory
  bool operator==(const MemoryView&) const = default;
};
void encode_memory(const MemoryView& view, std::span<std::byte, kMemorySize> out);
/// malformed: a body of another size, or reserved bits set.
Status decode_memory(std::span<const std::byte> body, MemoryView& out);

inline constexpr std::size_t kSetClockSize = 8;
/// `time_ns`: nanoseconds since 1970.
void encode_set_clock(std::uint64_t time_ns, std::span<std::byte, kSetClockSize> out);
/// malformed: a body of another size.
Status decode_set_clock(std::span<const std::byte> body, std::uint64_t& time_ns);

inline constexpr std::size_t kEntropySize = 64;
inline constexpr std::size_t kRestoreSize = 16 + kEntropySize;
/// Body of `restore`: u64 time | u8 has_ipv6 | u8, u16, u32 reserved (0) | entropy.
/// What a machine that was copied cannot know: what it remembers, its copies remember too.
struct RestoreView {
  std::uint64_t time_ns = 0;  ///< nanoseconds since 1970
  bool has_ipv6 = false;      ///< as kGuestIpv6Word says for a machine that boots
  std::array<std::byte, kEntropySize> entropy{};  ///< of the host's generator, for this copy alone
};
void encode_restore(const RestoreView& view, std::span<std::byte, kRestoreSize> out);
/// malformed: a body of another size, a flag that is neither 0 nor 1, or reserved bits set.
Status decode_restore(std::span<const std::byte> body, RestoreView& out);

inline constexpr std::size_t kMountSize = 4;
/// Body of `mount`: u8 has_layers | u8, u16 reserved (0). What a machine that was copied learns
/// with its function, which may be long after `restore`.
struct MountView {
  bool has_layers = false;  ///< whether the layers' disk holds any
};
void encode_mount(const MountView& view, std::span<std::byte, kMountSize> out);
/// malformed: as of restore.
Status decode_mount(std::span<const std::byte> body, MountView& out);

}  // namespace proa::frames
