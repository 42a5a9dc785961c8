// Netlink messages and sockets, as little as the network of environments needs: no libnl.
//
// A Message is built field by field and sent through a NetlinkSocket, which belongs to the network
// namespace it was opened in for good. One socket for each namespace, used synchronously by the one
// thread of the launcher's pool role.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proa::launcher::net {

/// The bytes of any plain kernel structure.
template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}

/// One netlink request under construction. A value; not reusable after it was sent.
class Message {
 public:
  /// `type` such as RTM_NEWLINK; `flags` without NLM_F_REQUEST, which is always set.
  Message(std::uint16_t type, std::uint16_t flags);

  /// Appends a fixed header (ifinfomsg, rtmsg, ...), padded to 4 bytes.
  template <class T>
  Message& fixed(const T& header) {
    append(bytes_of(header));
    return *this;
  }
  Message& attribute(int type, std::span<const std::byte> value);
  Message& attribute_u16(int type, std::uint16_t value);
  Message& attribute_u32(int type, std::uint32_t value);
  /// With the ending zero byte that the kernel wants.
  Message& attribute_text(int type, std::string_view text);
  /// Appends raw bytes, padded: attributes copied from a received message.
  Message& raw(std::span<const std::byte> bytes);
  /// Opens a nested attribute; everything until end_nest(the returned position) is inside it.
  std::size_t begin_nest(int type);
  Message& end_nest(std::size_t position);

  /// Sets length, sequence number and further flags; the finished bytes.
  std::span<const std::byte> finish(std::uint32_t sequence, std::uint16_t more_flags);

 private:
  void append(std::span<const std::byte> bytes);

  std::vector<std::byte> buffer_;
};

/// Calls `visit(type, value)` for each attribute in `bytes` (nesting flag removed); stops silently
/// at one that claims more than there is.
void for_each_attribute(std::span<const std::byte> bytes,
                        const std::function<void(int, std::span<const std::byte>)>& visit);

/// Called with the type of each received message and everything after its netlink header.
using DumpVisitor = std::function<void(std::uint16_t, std::span<const std::byte>)>;

/// A netlink socket bound to the namespace of the thread that opened it. Owned by one thread.
class NetlinkSocket {
 public:
  NetlinkSocket() = default;
  /// Opens a socket of `protocol` (NETLINK_ROUTE, NETLINK_NETFILTER) in the calling thread's
  /// network namespace. Errc: exhausted, os.
  static Result<NetlinkSocket> open(int protocol);

  /// Sends `message` and waits for the kernel's acknowledgement. `what` names operation and device
  /// for the error, which carries errno and the kernel's own words when it gave some.
  /// Errc: not_found, exhausted, os.
  Result<void> request(Message message, std::string_view what);
  /// The same for a question: calls `visit` with the answer. Errc as above.
  Result<void> ask(Message message, std::string_view what, const DumpVisitor& visit);
  /// Sends a dump request and calls `visit` for each answer until the kernel says it is done. A
  /// dump that the kernel calls inconsistent is returned as it came. Errc as above.
  Result<void> dump(Message message, std::string_view what, const DumpVisitor& visit);

 private:
  Result<void> send(Message& message, std::uint16_t flags, std::string_view what);
  Result<void> receive(std::string_view what, const DumpVisitor& visit);

  os::UniqueFd fd_;
  std::uint32_t sequence_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace proa::launcher::net
