#include "frames/init/guest_network.h"

#include "frames/guest_devices.h"
#include "frames/init/files.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace proa::frames::init {
namespace {

// Linux' netlink.h, rtnetlink.h and what they include are not there with musl.
constexpr std::uint16_t kError = 2;  // NLMSG_ERROR
constexpr std::uint16_t kNewAddress = 20;
constexpr std::uint16_t kNewRoute = 24;
constexpr std::uint16_t kNewNeighbour = 28;
constexpr std::uint16_t kRequest = 0x1;
constexpr std::uint16_t kAcknowledge = 0x4;
constexpr std::uint16_t kReplace = 0x100;
constexpr std::uint16_t kExclusive = 0x200;
constexpr std::uint16_t kCreate = 0x400;
constexpr std::uint16_t kAddressOfPeer = 1;  // IFA_ADDRESS
constexpr std::uint16_t kAddressLocal = 2;   // IFA_LOCAL
constexpr std::uint8_t kNoDuplicateDetection = 0x02;
constexpr std::uint16_t kRouteDestination = 1;
constexpr std::uint16_t kRouteInterface = 4;
constexpr std::uint16_t kRouteGateway = 5;
constexpr std::uint8_t kMainTable = 254;
constexpr std::uint8_t kStatic = 4;
constexpr std::uint8_t kUnicast = 1;
constexpr std::uint32_t kOnLink = 4;
constexpr std::uint16_t kNeighbourAddress = 1;  // NDA_DST
constexpr std::uint16_t kNeighbourMac = 2;      // NDA_LLADDR
constexpr std::uint16_t kPermanent = 0x80;

struct MessageHeader {
  std::uint32_t size;
  std::uint16_t type;
  std::uint16_t flags;
  std::uint32_t sequence;
  std::uint32_t port;
};
struct AddressHeader {
  std::uint8_t family;
  std::uint8_t prefix;
  std::uint8_t flags;
  std::uint8_t scope;
  std::uint32_t index;
};
struct NeighbourHeader {
  std::uint8_t family;
  std::array<std::uint8_t, 3> padding;
  std::int32_t index;
  std::uint16_t state;
  std::uint8_t flags;
  std::uint8_t type;
};
struct RouteHeader {
  std::uint8_t family;
  std::uint8_t destination_prefix;
  std::uint8_t source_prefix;
  std::uint8_t tos;
  std::uint8_t table;
  std::uint8_t protocol;
  std::uint8_t scope;  // 0: everywhere
  std::uint8_t type;
  std::uint32_t flags;
};
struct AttributeHeader {
  std::uint16_t size;
  std::uint16_t type;
};

template <class Value>
std::span<const std::byte> bytes_of(const Value& value) {
  return std::as_bytes(std::span(&value, 1));
}

std::span<const std::byte> bytes_of(const NetAddress& address) {
  return std::as_bytes(std::span(address.bytes).first(address.size));
}

RouteHeader route_header(const NetAddress& gateway) {
  RouteHeader header{};
  header.family = gateway.family;
  header.table = kMainTable;
  header.protocol = kStatic;
  header.type = kUnicast;
  return header;
}

class Interface {
 public:
  explicit Interface(std::string_view name) {
    __builtin_memcpy(request_.ifr_name, name.data(), name.size());
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  }
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;
  ~Interface() {
    if (socket_ >= 0) ::close(socket_);
  }

  /// Its number; 0 where there is none.
  int index() { return ::ioctl(socket_, SIOCGIFINDEX, &request_) == 0 ? request_.ifr_ifindex : 0; }
  bool raise() {
    request_.ifr_flags = IFF_UP;
    return ::ioctl(socket_, SIOCSIFFLAGS, &request_) == 0;
  }

 private:
  int socket_ = -1;
  ifreq request_{};
};

class NetSocket {
 public:
  NetSocket() : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)) {}
  NetSocket(const NetSocket&) = delete;
  NetSocket& operator=(const NetSocket&) = delete;
  ~NetSocket() {
    if (socket_ >= 0) ::close(socket_);
  }

  /// Sends a request and waits for the kernel's answer, which comes before send(2) returns. False
  /// (errno) when it was refused.
  bool ask(const NetRequest& request) const {
    const auto bytes = request.bytes();
    if (::send(socket_, bytes.data(), bytes.size(), 0) < 0) return false;
    struct Answer {
      MessageHeader header;
      std::int32_t error;
      std::array<std::byte, 256> request;
    };
    Answer answer{};
    const ssize_t count = ::recv(socket_, &answer, sizeof answer, 0);
    if (count < 0) return false;
    const bool is_answer = static_cast<std::size_t>(count) >= sizeof(MessageHeader) + 4 &&
                           answer.header.type == kError;
    errno = is_answer ? -answer.error : EPROTO;
    return errno == 0;
  }

 private:
  int socket_;
};

// No address that the kernel makes up, and no router asked for: silence until code speaks. False
// where the kernel has no IPv6.
bool quieten_ipv6() {
  return write_whole("/proc/sys/net/ipv6/conf/eth0/addr_gen_mode", "1") &&
         write_whole("/proc/sys/net/ipv6/conf/eth0/accept_ra", "0");
}

}  // namespace

NetAddress net_address(const char* text) {
  NetAddress address;
  address.family = std::string_view(text).find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  address.size = address.family == AF_INET ? 4 : 16;
  // A constant that is none would be an address of zeros, which the kernel refuses.
  static_cast<void>(::inet_pton(address.family, text, address.bytes.data()));
  return address;
}

NetRequest::NetRequest(std::uint16_t type, std::uint16_t flags) {
  append(bytes_of(
      MessageHeader{0, type, static_cast<std::uint16_t>(flags | kRequest | kAcknowledge), 1, 0}));
}

NetRequest& NetRequest::fixed(std::span<const std::byte> header) { return append(header); }

NetRequest& NetRequest::attribute(std::uint16_t type, std::span<const std::byte> value) {
  const AttributeHeader header{static_cast<std::uint16_t>(sizeof(AttributeHeader) + value.size()),
                               type};
  return append(bytes_of(header)).append(value);
}

NetRequest& NetRequest::append(std::span<const std::byte> more) {
  const std::size_t padded = (more.size() + 3) / 4 * 4;  // everything begins at multiples of four
  if (padded > bytes_.size() - size_) __builtin_trap();
  __builtin_memcpy(bytes_.data() + size_, more.data(), more.size());
  size_ += padded;
  const auto size = static_cast<std::uint32_t>(size_);
  __builtin_memcpy(bytes_.data(), &size, sizeof size);
  return *this;
}

NetRequest address_request(int index, const NetAddress& address) {
  const AddressHeader header{address.family, static_cast<std::uint8_t>(address.size * 8),
                             kNoDuplicateDetection, 0, static_cast<std::uint32_t>(index)};
  return NetRequest(kNewAddress, kCreate | kExclusive)
      .fixed(bytes_of(header))
      .attribute(kAddressLocal, bytes_of(address))
      .attribute(kAddressOfPeer, bytes_of(address));
}

NetRequest neighbour_request(int index, const NetAddress& gateway) {
  const NeighbourHeader header{gateway.family, {}, index, kPermanent, 0, 0};
  return NetRequest(kNewNeighbour, kCreate | kReplace)
      .fixed(bytes_of(header))
      .attribute(kNeighbourAddress, bytes_of(gateway))
      .attribute(kNeighbourMac, std::as_bytes(std::span(kGuestGatewayMac)));
}

NetRequest gateway_route_request(int index, const NetAddress& gateway) {
  RouteHeader header = route_header(gateway);
  header.destination_prefix = static_cast<std::uint8_t>(gateway.size * 8);
  return NetRequest(kNewRoute, kCreate | kExclusive)
      .fixed(bytes_of(header))
      .attribute(kRouteInterface, bytes_of(index))
      .attribute(kRouteDestination, bytes_of(gateway));
}

NetRequest default_route_request(int index, const NetAddress& gateway) {
  RouteHeader header = route_header(gateway);
  if (gateway.family == AF_INET) header.flags = kOnLink;
  return NetRequest(kNewRoute, kCreate | kExclusive)
      .fixed(bytes_of(header))
      .attribute(kRouteInterface, bytes_of(index))
      .attribute(kRouteGateway, bytes_of(gateway));
}

bool raise_loopback() { return Interface("lo").raise(); }

const char* configure_network(bool has_ipv6) {
  Interface eth0("eth0");
  const int index = eth0.index();
  if (index == 0) return nullptr;
  const bool sets_up_ipv6 = quieten_ipv6() && has_ipv6;
  if (!eth0.raise()) return "eth0";
  const NetSocket socket;
  const NetAddress gateway4 = net_address(kGuestGateway4);
  if (!socket.ask(address_request(index, net_address(kGuestAddress4)))) return "IPv4's address";
  if (!socket.ask(neighbour_request(index, gateway4))) return "IPv4's gateway";
  if (!socket.ask(default_route_request(index, gateway4))) return "IPv4's default route";
  if (!sets_up_ipv6) return nullptr;
  const NetAddress gateway6 = net_address(kGuestGateway6);
  if (!socket.ask(address_request(index, net_address(kGuestAddress6)))) return "IPv6's address";
  if (!socket.ask(neighbour_request(index, gateway6))) return "IPv6's gateway";
  // IPv6 accepts a gateway only when a route says that it is on the link.
  if (!socket.ask(gateway_route_request(index, gateway6))) return "the route to IPv6's gateway";
  return socket.ask(default_route_request(index, gateway6)) ? nullptr : "IPv6's default route";
}

}  // namespace proa::frames::init
