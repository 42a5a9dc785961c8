// Small parts of DNS over sockets: the length prefix of TCP, and the watch over silent peers.
#pragma once

#include "network/dns_message.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <utility>

namespace proa::network {

/// The length that stands before a message over TCP (RFC 1035 section 4.2.2).
inline std::size_t length_of(const std::array<std::byte, 2>& prefix) {
  return (std::to_integer<std::size_t>(prefix[0]) << 8U) | std::to_integer<std::size_t>(prefix[1]);
}

/// `message` (65,535 bytes at most) with its length before it.
inline DnsBytes with_length(const DnsBytes& message) {
  DnsBytes framed;
  framed.reserve(message.size() + 2);
  framed.push_back(static_cast<std::byte>(message.size() >> 8U));
  framed.push_back(static_cast<std::byte>(message.size() & 0xffU));
  framed.insert(framed.end(), message.begin(), message.end());
  return framed;
}

/// Closes a socket when time is over, so that whoever waits on it gets an error. Shared with its
/// own timer, whose last call may come after the coroutine that made it has ended; it holds the
/// socket for the same reason.
class IdleGuard : public std::enable_shared_from_this<IdleGuard> {
 public:
  /// A handle whose last copy stops the watch.
  using Handle = std::shared_ptr<IdleGuard>;

  template <class Socket>
  static Handle make(const boost::asio::any_io_executor& executor, std::shared_ptr<Socket> socket) {
    auto close = [socket = std::move(socket)] {
      boost::system::error_code ignored;
      socket->close(ignored);
    };
    auto guard = std::shared_ptr<IdleGuard>(new IdleGuard(executor, std::move(close)));
    // The caller's handle, not the object itself, ends the watch: the timer keeps the object.
    return Handle(guard.get(), [guard](IdleGuard*) { guard->stop(); });
  }

  void restart(std::chrono::milliseconds time) {
    timer_.expires_after(time);
    auto expired = [self = shared_from_this(), round = ++round_](boost::system::error_code error) {
      if (!error && round == self->round_) self->close_();
    };
    timer_.async_wait(std::move(expired));
  }
  void stop() {
    ++round_;
    timer_.cancel();
  }

 private:
  IdleGuard(const boost::asio::any_io_executor& executor, std::function<void()> close)
      : timer_(executor), close_(std::move(close)) {}

  boost::asio::steady_timer timer_;
  std::function<void()> close_;
  std::uint64_t round_ = 0;
};

}  // namespace proa::network
