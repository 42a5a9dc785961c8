// A small world of private network namespaces for tests: "the internet" and "the host", joined by
// one link. Nothing of it touches the machine's own network.
#pragma once

#include "launcher/net/links.h"
#include "launcher/net/namespaces.h"
#include "launcher/net/nft.h"
#include "os/unique_fd.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace proa::test {

namespace net = launcher::net;

inline constexpr const char* kHostPublic4 = "203.0.113.2";
inline constexpr const char* kHostPublic6 = "2001:db8:1::2";
inline constexpr const char* kServer4 = "198.51.100.10";
inline constexpr const char* kServer6 = "2001:db8:2::10";
inline constexpr const char* kLanServer4 = "10.1.2.3";
inline constexpr const char* kMetadata4 = "169.254.169.254";
inline constexpr const char* kMetadata6 = "fd00:ec2::254";
inline constexpr std::uint16_t kPort = 8080;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

inline SocketAddress address_of(const std::string& text, std::uint16_t port) {
  const auto address = net::IpAddress::parse(text).value();
  SocketAddress made;
  if (address.is_v6()) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
    std::memcpy(&made.storage, &v6, sizeof v6);
    made.size = sizeof v6;
  } else {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
    std::memcpy(&made.storage, &v4, sizeof v4);
    made.size = sizeof v4;
  }
  return made;
}

inline std::string text_of(const SocketAddress& address) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&address.storage);
  if (address.storage.ss_family == AF_INET6) {
    return net::IpAddress::from_bytes({bytes + offsetof(sockaddr_in6, sin6_addr), 16})
        .value()
        .text();
  }
  return net::IpAddress::from_bytes({bytes + offsetof(sockaddr_in, sin_addr), 4}).value().text();
}

/// A socket made in the namespace `netns`; -1 stays -1 with errno.
inline os::UniqueFd socket_in(int netns, int family, int type, int protocol = 0) {
  auto visit = net::NamespaceVisit::enter(netns).value();
  return os::UniqueFd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

/// Tries to talk to an address from inside `netns`: "you are A.B.C.D" when a Servers answers, the
/// name of the error, or "timeout".
inline std::string talk(int netns, const std::string& address, int type = SOCK_STREAM,
                        std::uint16_t port = kPort, int timeout_ms = 1500) {
  SocketAddress to = address_of(address, port);
  const os::UniqueFd fd = socket_in(netns, to.storage.ss_family, type);
  if (::connect(fd.get(), to.get(), to.size) != 0 && errno != EINPROGRESS) {
    return ::strerrorname_np(errno);
  }
  pollfd waiting{fd.get(), POLLOUT, 0};
  if (::poll(&waiting, 1, timeout_ms) == 0) return "timeout";
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return ::strerrorname_np(error);
  if (::send(fd.get(), "hello", 5, MSG_NOSIGNAL) < 0) return ::strerrorname_np(errno);
  waiting.events = POLLIN;
  if (::poll(&waiting, 1, timeout_ms) == 0) return "timeout";
  std::array<char, 256> buffer{};
  const ssize_t count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
  if (count < 0) return ::strerrorname_np(errno);
  return {buffer.data(), static_cast<std::size_t>(count)};
}

/// Sockets in any namespaces, each answered "you are ADDRESS" by one thread, until destroyed.
class Servers {
 public:
  Servers() : stop_(::eventfd(0, EFD_CLOEXEC)) {}
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;
  ~Servers() {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    static_cast<void>(!::write(stop_.get(), &one, sizeof one));
    thread_.join();
  }

  void listen(int netns, const std::string& address, std::uint16_t port = kPort) {
    add(netns, address, port, SOCK_STREAM);
    add(netns, address, port, SOCK_DGRAM);
  }
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  /// Datagrams received so far.
  unsigned datagrams() const { return datagrams_; }

 private:
  void add(int netns, const std::string& address, std::uint16_t port, int type) {
    SocketAddress at = address_of(address, port);
    os::UniqueFd fd = socket_in(netns, at.storage.ss_family, type);
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at.storage.ss_family == AF_INET6) {
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (::bind(fd.get(), at.get(), at.size) != 0 ||
        (type == SOCK_STREAM && ::listen(fd.get(), 64) != 0)) {
      throw std::runtime_error("cannot listen on " + address + ": " + std::strerror(errno));
    }
    polled_.push_back({fd.get(), POLLIN, 0});
    sockets_.push_back(std::move(fd));
    types_.push_back(type);
  }

  void run() {
    polled_.push_back({stop_.get(), POLLIN, 0});
    while (::poll(polled_.data(), polled_.size(), -1) > 0 && polled_.back().revents == 0) {
      for (std::size_t i = 0; i < sockets_.size(); ++i) {
        if (polled_[i].revents != 0) answer(sockets_[i].get(), types_[i]);
      }
    }
  }

  void answer(int fd, int type) {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    if (type == SOCK_STREAM) {
      const os::UniqueFd accepted(::accept4(fd, peer.get(), &peer.size, SOCK_CLOEXEC));
      if (accepted) answer_connection(accepted.get(), "you are " + text_of(peer));
      return;
    }
    std::array<char, 64> buffer{};
    if (::recvfrom(fd, buffer.data(), buffer.size(), 0, peer.get(), &peer.size) < 0) return;
    ++datagrams_;
    const std::string text = "you are " + text_of(peer);
    static_cast<void>(!::sendto(fd, text.data(), text.size(), 0, peer.get(), peer.size));
  }

  /// Reads what the client says first: closing a connection with something unread, or to which
  /// something comes later, resets it, and a relay like pasta then drops the answer.
  static void answer_connection(int fd, const std::string& text) {
    pollfd asked{fd, POLLIN, 0};
    std::array<char, 64> buffer{};
    if (::poll(&asked, 1, kPatienceMs) != 1) return;
    if (::recv(fd, buffer.data(), buffer.size(), 0) <= 0) return;
    static_cast<void>(!::send(fd, text.data(), text.size(), MSG_NOSIGNAL));
  }

  static constexpr int kPatienceMs = 10'000;  // only a client that never speaks takes so long
  os::UniqueFd stop_;
  std::vector<os::UniqueFd> sockets_;
  std::vector<int> types_;
  std::vector<pollfd> polled_;
  std::atomic<unsigned> datagrams_ = 0;
  std::thread thread_;
};

/// The two namespaces, linked, with addresses and default routes; forwarding is on in "the host"
/// only as far as `is_forwarding` says. Vanishes with the object.
class NetworkWorld {
 public:
  explicit NetworkWorld(bool is_forwarding = true) {
    internet_ = new_namespace();
    host_ = new_namespace();
    auto internet = socket_of(internet_.get());
    auto host = socket_of(host_.get());
    net::VethSpec link;
    link.name = "cable0";
    link.mac = {2, 0, 0, 0, 0, 1};
    link.index = 2;
    link.peer_name = "eth0";
    link.peer_mac = {2, 0, 0, 0, 0, 2};
    link.peer_index = 2;
    link.peer_namespace = host_.get();
    net::add_veth(internet, link).value();
    net::bring_up(host, kWire).value();
    for (auto* socket : {&internet, &host}) net::bring_up(*socket, kLoopback).value();
    add(internet, kWire, "203.0.113.1", 24);
    add(internet, kWire, "2001:db8:1::1", 64);
    for (const char* server : {kServer4, kLanServer4, kMetadata4})
      add(internet, kLoopback, server, 32);
    for (const char* server : {kServer6, kMetadata6}) add(internet, kLoopback, server, 128);
    add(host, kWire, kHostPublic4, 24);
    add(host, kWire, kHostPublic6, 64);
    route(host, "203.0.113.1");
    route(host, "2001:db8:1::1");
    if (!is_forwarding) return;
    auto visit = net::NamespaceVisit::enter(host_.get()).value();
    net::write_setting("ipv4/ip_forward", "1").value();
    net::write_setting("ipv6/conf/all/forwarding", "1").value();
  }

  int internet() const { return internet_.get(); }
  int host() const { return host_.get(); }
  static net::NetlinkSocket socket_of(int netns) {
    auto visit = net::NamespaceVisit::enter(netns).value();
    return std::move(net::NetlinkSocket::open(NETLINK_ROUTE).value());
  }
  /// Routes every address of `prefix` out of the host's wire.
  void add_host_route(const std::string& prefix) {
    auto host = socket_of(host_.get());
    net::add_route(host, kWire, {net::Prefix::parse(prefix).value(), std::nullopt, false}).value();
  }
  /// Output of `nft` commands in the host.
  std::string nft(const std::string& commands) const {
    auto visit = net::NamespaceVisit::enter(host_.get()).value();
    auto nft = net::Nft::open();
    return nft.value().run(commands, "test").value();
  }

 private:
  static inline const net::Device kWire{2, "wire"};
  static inline const net::Device kLoopback{1, "lo"};

  static os::UniqueFd new_namespace() {
    auto visit = net::NamespaceVisit::enter_new().value();
    return std::move(net::current_namespace().value());
  }
  static void add(net::NetlinkSocket& socket, const net::Device& device, const char* address,
                  unsigned length) {
    net::add_address(socket, device, {net::IpAddress::parse(address).value(), length}).value();
  }
  static void route(net::NetlinkSocket& socket, const char* gateway) {
    const auto address = net::IpAddress::parse(gateway).value();
    const auto any = address.is_v6() ? net::IpAddress::v6({}) : net::IpAddress::v4(0);
    net::add_route(socket, kWire, {{any, 0}, address, false}).value();
  }

  os::UniqueFd internet_;
  os::UniqueFd host_;
};

}  // namespace proa::test
