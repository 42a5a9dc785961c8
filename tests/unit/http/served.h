// A real Server on a loopback socket in its own thread, and a blocking client socket to poke it.
#pragma once

#include "http/http.h"

#include <arpa/inet.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <optional>
#include <thread>

namespace proa::http {

inline os::UniqueFd listen_on_loopback(std::uint16_t& port) {
  os::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(fd.get(), 64), 0);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  port = ntohs(address.sin_port);
  return fd;
}

/// A blocking socket; every read gives up after ten seconds.
class Peer {
 public:
  explicit Peer(std::uint16_t port, int receive_buffer = 0) {
    fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    const timeval patience{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  /// False when the server has gone.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Reads until `text` has come; what was read so far stays in seen().
  bool read_until(std::string_view text) {
    while (seen_.find(text) == std::string::npos) {
      if (!read_some()) return false;
    }
    return true;
  }
  /// Reads until `bytes` have come in all.
  bool read_bytes(std::size_t bytes) {
    while (seen_.size() < bytes) {
      if (!read_some()) return false;
    }
    return true;
  }
  /// Everything until the server closes.
  std::string read_to_end() {
    while (read_some()) {
    }
    return seen_;
  }
  /// The server has closed, and nothing was left.
  bool is_closed_by_server() {
    char byte = 0;
    return ::recv(fd_.get(), &byte, 1, 0) == 0;
  }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  /// Closes with a reset instead of an orderly end.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    fd_.reset();
  }
  const std::string& seen() const { return seen_; }
  void forget() { seen_.clear(); }
  int descriptor() const { return fd_.get(); }

 private:
  bool read_some() {
    std::array<char, 16 * 1024> chunk{};
    const ssize_t got = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
    if (got <= 0) return false;
    seen_.append(chunk.data(), static_cast<std::size_t>(got));
    return true;
  }
  os::UniqueFd fd_;
  std::string seen_;
};

/// Runs `task` on `context` (which some thread runs, or run_here) and gives its Result. co_spawn
/// takes no Task by itself: asio wants to default-construct the value, and a Result has no default.
template <class T>
boost::asio::awaitable<void> keep_result(Task<T> task, std::optional<Result<T>>& result) {
  result.emplace(co_await std::move(task));
}
template <class T>
Result<T> run_elsewhere(boost::asio::io_context& context, Task<T> task) {
  std::optional<Result<T>> result;
  boost::asio::co_spawn(context, keep_result(std::move(task), result), boost::asio::use_future)
      .get();
  return std::move(*result);
}
template <class T>
Result<T> run_here(boost::asio::io_context& context, Task<T> task) {
  std::optional<Result<T>> result;
  auto done =
      boost::asio::co_spawn(context, keep_result(std::move(task), result), boost::asio::use_future);
  context.run();
  done.get();
  return std::move(*result);
}

inline ServerOptions quick_options() {
  ServerOptions options;
  options.body_limit = [](const Request&) { return std::uint64_t{1024 * 1024}; };
  options.sweep_interval = std::chrono::milliseconds(20);
  return options;
}

/// Owns the thread. Everything that touches the server runs on its loop.
class Served {
 public:
  explicit Served(RequestCallback callback, ServerOptions options = quick_options()) {
    os::UniqueFd listener = listen_on_loopback(port_);
    server_ = std::make_unique<Server>(context_.get_executor(), std::move(listener),
                                       std::move(callback), std::move(options));
    EXPECT_TRUE(server_->start());
    run();
  }
  /// Not running yet: connect servers with each other, then run() them.
  struct Paused {};
  Served(Paused, RequestCallback callback, ServerOptions options = quick_options()) {
    os::UniqueFd listener = listen_on_loopback(port_);
    server_ = std::make_unique<Server>(context_.get_executor(), std::move(listener),
                                       std::move(callback), std::move(options));
    EXPECT_TRUE(server_->start());
  }
  void run() {
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Served() {
    if (thread_.joinable()) (void)close(std::chrono::seconds(5));
  }
  /// Closes the server, ends the thread, gives the result of close().
  Result<void> close(std::chrono::milliseconds patience) {
    const SteadyTime deadline = std::chrono::steady_clock::now() + patience;
    Result<void> result = run_elsewhere(context_, server_->close(deadline));
    guard_.reset();
    thread_.join();
    return result;
  }
  std::size_t connection_count() {
    std::promise<std::size_t> count;
    boost::asio::post(context_, [&] { count.set_value(server_->connection_count()); });
    return count.get_future().get();
  }
  ServerCounters counters() {
    if (!thread_.joinable()) return server_->counters();
    std::promise<ServerCounters> copy;
    boost::asio::post(context_, [&] { copy.set_value(server_->counters()); });
    return copy.get_future().get();
  }
  std::uint16_t port() const { return port_; }
  Server& server() { return *server_; }
  boost::asio::io_context& context() { return context_; }

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
      context_.get_executor()};
  std::uint16_t port_ = 0;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

/// Waits until `condition` holds; false after ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace proa::http
