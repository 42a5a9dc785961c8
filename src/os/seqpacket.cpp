#include "os/seqpacket.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace proa::os {
namespace {

Result<std::pair<UniqueFd, UniqueFd>> pair_of(int type) {
  int fds[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0) return os_error("socketpair");
  return std::pair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

void take_descriptors(msghdr& header, std::vector<UniqueFd>& out) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      out.emplace_back(fd);
    }
  }
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> seqpacket_pair() { return pair_of(SOCK_SEQPACKET); }
Result<std::pair<UniqueFd, UniqueFd>> stream_pair() { return pair_of(SOCK_STREAM); }

Result<void> send_message(int socket, std::span<const std::byte> bytes, std::span<const int> fds) {
  if (bytes.size() > kMaxMessage || fds.size() > kMaxMessageFds) {
    return Error(Errc::internal, "message too long to send");
  }
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxMessageFds * sizeof(int))> control{};
  if (!fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  for (;;) {
    const ssize_t count = ::sendmsg(socket, &header, MSG_NOSIGNAL);
    if (count >= 0) return ok();
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) {
      return Error(Errc::unavailable, "peer closed the connection", errno);
    }
    if (errno == EAGAIN) return Error(Errc::throttled, "socket buffer is full", errno);
    return os_error("sendmsg");
  }
}

Result<Message> receive_message(int socket) {
  Message message;
  message.bytes.resize(kMaxMessage);
  iovec part{message.bytes.data(), message.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxMessageFds * sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t count = -1;
  do {
    count = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    if (errno == EAGAIN) return Error(Errc::throttled, "no message", errno);
    if (errno == ECONNRESET) return Error(Errc::unavailable, "peer closed the connection", errno);
    return os_error("recvmsg");
  }
  take_descriptors(header, message.fds);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return Error(Errc::corrupt, "message longer than the protocol allows");
  }
  if (count == 0) return Error(Errc::unavailable, "peer closed the connection");
  message.bytes.resize(static_cast<std::size_t>(count));
  return message;
}

}  // namespace proa::os
