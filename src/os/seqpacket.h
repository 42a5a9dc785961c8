// Messages with descriptors over Unix SOCK_SEQPACKET sockets: how the daemon, the launcher's roles
// and their supervisor talk. One message is one datagram: it arrives whole or not at all.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace proa::os {

/// Largest message. The kernel would take more; typed messages never need it.
inline constexpr std::size_t kMaxMessage = 4096;
/// Most descriptors in one message (the kernel's SCM_MAX_FD is 253).
inline constexpr std::size_t kMaxMessageFds = 64;

struct Message {
  std::string bytes;
  std::vector<UniqueFd> fds;
};

/// A connected pair, close-on-exec, blocking. Errc: exhausted, os.
Result<std::pair<UniqueFd, UniqueFd>> seqpacket_pair();
/// The same of SOCK_STREAM: both ends close-on-exec, blocking.
Result<std::pair<UniqueFd, UniqueFd>> stream_pair();

/// Sends one message; never raises SIGPIPE. Errc: unavailable (peer closed), throttled (a
/// non-blocking socket's buffer is full), os.
Result<void> send_message(int socket, std::span<const std::byte> bytes, std::span<const int> fds);

/// Receives one message; descriptors arrive close-on-exec. Errc: unavailable (peer closed),
/// throttled (non-blocking and nothing there), corrupt (longer than kMaxMessage or more descriptors
/// than kMaxMessageFds: what was received is closed), os.
Result<Message> receive_message(int socket);

}  // namespace proa::os
