// One client connection of a Server. Private to http/.
#pragma once

#include "http/http.h"
#include "http/server_state.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct iovec;

namespace proa::http {

class RequestParser;

/// Reads requests, runs the callback, writes answers: one after the other, so that pipelined
/// requests are answered in order. Lives in its coroutine (shared with the sweep while it looks at
/// it); runs on the server's executor. The sweep ends a wait that lasts too long.
class Connection : public std::enable_shared_from_this<Connection>, private Asker {
 public:
  /// What it is doing, and so which timeout holds.
  enum class Phase { handshake, idle, head, body, running, writing, lingering };
  using Socket = boost::asio::generic::stream_protocol::socket;

  /// `session`: null for plain HTTP.
  Connection(std::shared_ptr<ServerState> state, Socket socket,
             std::unique_ptr<tls::Session> session, std::string remote_address, bool is_loopback);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Starts the coroutine, which owns the connection from then on.
  void spawn();
  Phase phase() const { return phase_; }
  /// Steps it has been in its phase; meaningless while running.
  unsigned waited() const { return phase_steps_ - steps_left_; }
  /// One step of the sweep timer.
  void step();
  /// The server closes: closes now if no request is being read or served, and tells a callback
  /// that holds one.
  void close_if_idle();
  /// Closes now and cancels a running callback.
  void abort();

 private:
  enum class Read { complete, closed, refused };
  /// What one attempt to send gave.
  struct Sent {
    std::size_t bytes = 0;
    Socket::wait_type wants = Socket::wait_write;  ///< what to wait for when it is none
    bool has_failed = false;
  };
  static boost::asio::awaitable<void> run(std::shared_ptr<Connection> self);
  /// What was of the last request goes.
  void forget_request();
  boost::asio::awaitable<Read> read_request();
  /// The buffer's bytes to the parser; nothing: it needs more.
  std::optional<Read> parse(RequestParser& parser);
  /// What it means that no more bytes came.
  Read end_of_bytes();
  /// Bytes taken from the socket into the buffer; 0 when there are no more.
  boost::asio::awaitable<std::size_t> fill();
  boost::asio::awaitable<std::size_t> fill_through_tls();
  /// True once TLS is spoken; else the connection has been answered as far as it can be.
  boost::asio::awaitable<bool> shake_hands();
  /// Until the socket is what a step of the session wants; false: it never will be.
  boost::asio::awaitable<bool> wait_for(tls::Outcome outcome);
  /// Tells the client, where TLS is spoken, that this end was meant.
  void end_tls();
  bool make_room();
  boost::asio::awaitable<Response> answer();
  /// As much of head and body from `sent` on as the socket takes now.
  Sent send_some(std::string_view head, std::string_view body, std::size_t sent);
  Sent send_through_tls(std::string_view head, std::string_view body, std::size_t sent);
  /// Head and body in one send; false when it must be continued by write_rest().
  bool send_at_once(const Response& response, bool keeps_alive, std::size_t& sent);
  boost::asio::awaitable<bool> write_rest(std::string_view head, std::string_view body,
                                          std::size_t sent);
  void write_head(const Response& response, bool keeps_alive);
  std::string_view body_to_send(const Response& response) const;
  boost::asio::awaitable<void> linger();
  /// True when the connection now belongs to the peer that made its last answers.
  bool move_to_peer(const Response& response);
  void enter(Phase phase, std::chrono::milliseconds timeout);
  void watch(std::function<void()> gone) override;
  void unwatch() override;
  void await_bytes();
  /// Whether the client neither has closed nor sends on, now that its socket became readable.
  bool is_answer_awaited();
  void tell_gone();

  std::shared_ptr<ServerState> state_;  ///< shared: see ServerState
  ServerState::Connections::iterator position_;
  Socket socket_;
  std::unique_ptr<tls::Session> tls_;  ///< null: plain HTTP
  std::string record_;                 ///< of an answer through TLS, reused
  unsigned reads_at_once_ = 0;         ///< through TLS, without a wait between them
  boost::asio::cancellation_signal cancel_;
  Request request_;
  std::unique_ptr<char[]> buffer_;
  std::size_t buffer_size_ = 0;
  std::size_t begin_ = 0;  ///< of unparsed bytes
  std::size_t end_ = 0;
  std::string head_;  ///< of the answer, reused
  Phase phase_ = Phase::idle;
  unsigned phase_steps_ = 0;  ///< until its timeout, from the phase's begin
  unsigned steps_left_ = 0;
  int refusal_ = 400;
  std::function<void()> on_gone_;  ///< set while a callback watches
  unsigned watches_ = 0;
  std::size_t peer_ = 0;          ///< that made the last answers
  unsigned answers_by_peer_ = 0;  ///< in a row
  bool keeps_alive_ = false;
  bool has_timed_out_ = false;
  bool has_failed_ = false;  ///< the socket is broken
};

}  // namespace proa::http
