// A DNS server for tests, and a client to ask with. The server answers every question with one
// record; names beginning with "big" are truncated over UDP and 1,700 bytes long over TCP, "lost"
// gets no answer, "forged" gets a wrong id first, "broken" gets SERVFAIL.
#pragma once

#include "network/dns_exchange.h"
#include "network/dns_message.h"
#include "os/unique_fd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace proa::test {

using network::DnsBytes;

/// A query for the TXT record of `name`, recursion desired.
inline DnsBytes query_for(const std::string& name, std::uint16_t id) {
  DnsBytes query(12, std::byte{0});
  network::set_dns_id(query, id);
  query[2] = std::byte{1};
  query[5] = std::byte{1};
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    query.push_back(static_cast<std::byte>(end - at));
    for (; at < end; ++at) query.push_back(static_cast<std::byte>(name[at]));
    ++at;
  }
  for (const int byte : {0, 0, 16, 0, 1}) query.push_back(static_cast<std::byte>(byte));
  return query;
}

/// The answer to `query` with one TXT record of `size` bytes.
inline DnsBytes answer_to(const DnsBytes& query, std::size_t size) {
  DnsBytes reply = query;
  reply[2] = std::byte{0x81};
  reply[3] = std::byte{0x80};
  reply[7] = std::byte{1};
  for (const int byte : {0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60}) {
    reply.push_back(static_cast<std::byte>(byte));
  }
  reply.push_back(static_cast<std::byte>(size >> 8U));
  reply.push_back(static_cast<std::byte>(size & 0xffU));
  reply.insert(reply.end(), size, std::byte{7});
  return reply;
}

inline sockaddr_storage dns_address(const std::string& text, std::uint16_t port, socklen_t& size) {
  sockaddr_storage storage{};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    size = sizeof v4;
    std::memcpy(&storage, &v4, sizeof v4);
    return storage;
  }
  ::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  size = sizeof v6;
  std::memcpy(&storage, &v6, sizeof v6);
  return storage;
}

/// Sends `query` from the calling thread's namespace and returns the reply; empty when there is
/// none within `timeout_ms`.
inline DnsBytes ask(const std::string& server, std::uint16_t port, const DnsBytes& query,
                    bool is_tcp, int timeout_ms = 5000) {
  socklen_t size = 0;
  const sockaddr_storage to = dns_address(server, port, size);
  const os::UniqueFd fd(
      ::socket(to.ss_family, (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  const timeval limit{timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0) return {};
  const DnsBytes sent = is_tcp ? network::with_length(query) : query;
  if (::send(fd.get(), sent.data(), sent.size(), MSG_NOSIGNAL) < 0) return {};
  DnsBytes reply(65'535);
  if (!is_tcp) {
    const ssize_t count = ::recv(fd.get(), reply.data(), reply.size(), 0);
    reply.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return reply;
  }
  std::array<std::byte, 2> prefix{};
  if (::recv(fd.get(), prefix.data(), 2, MSG_WAITALL) != 2) return {};
  reply.resize(network::length_of(prefix));
  if (::recv(fd.get(), reply.data(), reply.size(), MSG_WAITALL) !=
      static_cast<ssize_t>(reply.size())) {
    return {};
  }
  return reply;
}

/// Listens in the namespace of the thread that makes it; answers on a thread of its own.
class DnsServer {
 public:
  /// Port 0 lets the kernel choose: port() tells.
  DnsServer(const std::string& address, std::uint16_t port) : stop_(::eventfd(0, EFD_CLOEXEC)) {
    // The number that the kernel chose for UDP may be somebody else's for TCP: another one then.
    for (int tries = 0; !tcp_; ++tries) {
      udp_ = bound(address, port, SOCK_DGRAM);
      tcp_ = bound(address, port_, SOCK_STREAM);
      if (!udp_ || (!tcp_ && (port != 0 || tries == 20))) {
        throw std::runtime_error("cannot serve DNS on " + address + ": " + std::strerror(errno));
      }
    }
    thread_ = std::thread([this] { run(); });
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(stop_.get(), &one, sizeof one));
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  unsigned queries() const { return queries_; }
  /// Client ports and ids seen so far; only after the last answer was received.
  const std::set<std::uint16_t>& ports_seen() const { return ports_; }
  const std::set<std::uint16_t>& ids_seen() const { return ids_; }

 private:
  os::UniqueFd bound(const std::string& address, std::uint16_t port, int type) {
    socklen_t size = 0;
    sockaddr_storage at = dns_address(address, port, size);
    os::UniqueFd fd(::socket(at.ss_family, type | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), size) != 0 ||
        (type == SOCK_STREAM && ::listen(fd.get(), 16) != 0)) {
      return {};
    }
    sockaddr_in got{};
    socklen_t got_size = sizeof got;
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&got), &got_size);
    port_ = ntohs(got.sin_port);
    return fd;
  }

  void run() {
    std::array<pollfd, 3> polled{
        {{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    while (::poll(polled.data(), polled.size(), -1) > 0 && polled[2].revents == 0) {
      if (polled[0].revents != 0) answer_udp();
      if (polled[1].revents != 0) answer_tcp();
    }
  }

  void answer_udp() {
    DnsBytes query(4096);
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t count = ::recvfrom(udp_.get(), query.data(), query.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 12) return;
    query.resize(static_cast<std::size_t>(count));
    const std::string name = network::parse_dns(query).value().name;
    ports_.insert(ntohs(from.sin_port));
    ids_.insert(network::parse_dns(query).value().id);
    ++queries_;
    if (name.starts_with("lost")) return;
    DnsBytes reply = answer_to(query, 4);
    if (name.starts_with("big")) {
      reply = query;
      reply[2] = std::byte{0x83};
      reply[3] = std::byte{0x80};
    }
    if (name.starts_with("broken")) reply[3] = std::byte{0x82};
    const auto send = [&](const DnsBytes& bytes) {
      static_cast<void>(!::sendto(udp_.get(), bytes.data(), bytes.size(), 0,
                                  reinterpret_cast<const sockaddr*>(&from), size));
    };
    if (name.starts_with("forged")) {
      DnsBytes wrong = answer_to(query, 40);
      wrong[1] ^= std::byte{1};
      send(wrong);
      wrong = answer_to(query, 40);
      wrong[14] ^= std::byte{1};
      send(wrong);
    }
    send(reply);
  }

  void answer_tcp() {
    const os::UniqueFd fd(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<std::byte, 2> prefix{};
    if (::recv(fd.get(), prefix.data(), 2, MSG_WAITALL) != 2) return;
    DnsBytes query(network::length_of(prefix));
    if (::recv(fd.get(), query.data(), query.size(), MSG_WAITALL) !=
        static_cast<ssize_t>(query.size())) {
      return;
    }
    ++queries_;
    const bool is_big = network::parse_dns(query).value().name.starts_with("big");
    const DnsBytes framed = network::with_length(answer_to(query, is_big ? 1700 : 4));
    static_cast<void>(!::send(fd.get(), framed.data(), framed.size(), MSG_NOSIGNAL));
  }

  os::UniqueFd stop_;
  os::UniqueFd udp_;
  os::UniqueFd tcp_;
  std::uint16_t port_ = 0;
  std::atomic<unsigned> queries_ = 0;
  std::set<std::uint16_t> ports_;
  std::set<std::uint16_t> ids_;
  std::thread thread_;
};

}  // namespace proa::test
