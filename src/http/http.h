// HTTP/1.1 for every surface of Proa: the Lambda API, the Runtime API and the CLI's requests.
//
// Nouns: Request and Response (messages), Server (one listening socket on one io_context), Router
// (method and path to an id), fetch() (one request as a client). `api`, `runtime_api` and `cli` use
// it; it uses `os` for descriptors. Only this folder sees Boost.Beast, and of Beast only its
// parser: the composed read and write operations and the message serializer cost half of a warm
// call, so bytes are read into the connection's own buffer and answers leave in one direct send
// (figures: docs/architecture.md, "The warm path"). With TLS (`tls`) a session stands between
// buffer and socket; without it, it costs a test of a pointer. Everything runs on the executor it
// was made with.
#pragma once

#include "base/task.h"
#include "base/units.h"
#include "os/unique_fd.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/container/small_vector.hpp>

#include <any>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proa::tls {
class ServerContext;
class Trust;
}  // namespace proa::tls

namespace proa::http {

/// The fields of a message, in order, as one block of "Name: value\r\n" lines: adding one never
/// allocates beyond that block, and writing the block is one copy. Values, any thread.
class Headers {
 public:
  /// Adds a field. Control characters in `name` or `value` become spaces, so that a value can never
  /// begin a line of its own.
  void add(std::string_view name, std::string_view value);
  /// The first field of that name, letters compared without case; nothing when there is none.
  std::optional<std::string_view> find(std::string_view name) const;
  /// How many fields have that name.
  std::size_t count(std::string_view name) const;
  std::size_t size() const { return entries_.size(); }
  /// Name and value of field `index` < size().
  std::pair<std::string_view, std::string_view> at(std::size_t index) const;
  /// All lines as they stand in a message.
  const std::string& lines() const { return lines_; }
  void reserve(std::size_t bytes) { lines_.reserve(bytes); }
  void clear();

 private:
  struct Entry {
    std::uint32_t begin;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  std::string lines_;
  boost::container::small_vector<Entry, 12> entries_;
};

/// A query parameter, decoded ('+' is a space).
struct QueryParameter {
  std::string name;
  std::string value;
};

/// Who waits for an answer, for a callback that holds a request back until there is news (a long
/// poll). Watching costs nothing until it is begun; the server's executor.
class Asker {
 public:
  virtual ~Asker() = default;
  /// Calls `gone`, once and perhaps at once, when the client has closed its side or sends its next
  /// request, or the server closes: the answer is wanted now or by nobody. Until unwatch().
  virtual void watch(std::function<void()> gone) = 0;
  virtual void unwatch() = 0;
};

/// A request as the handler sees it. The server owns it and reuses it for the next request of the
/// connection; a handler may move from the body.
struct Request {
  std::string method;  ///< "GET", as received
  std::string target;  ///< the request target as received, e.g. "/a%3Ab?x=1"
  /// The path of `target`, still encoded, without query: "/a%3Ab".
  std::string_view raw_path() const;
  /// Path segments, split at '/' first and percent-decoded afterwards, so that an encoded slash
  /// stays inside its segment. A trailing slash adds no segment.
  std::vector<std::string> segments;
  std::vector<QueryParameter> query;  ///< in order; names may repeat
  Headers headers;
  Headers trailers;  ///< fields behind a chunked body
  std::string body;
  /// The body was larger than ServerOptions::body_limit allowed: it was not kept, and the
  /// connection is closed behind the answer. The handler answers (413 in its own words).
  bool is_body_too_large = false;
  unsigned version = 11;       ///< 10 or 11
  std::string remote_address;  ///< "127.0.0.1:40312", "[::1]:40312", or "unix"
  bool is_loopback = false;    ///< the peer is on this machine (127/8, ::1, a Unix socket)
  bool is_tls = false;         ///< nobody on the way could read it
  Asker* asker = nullptr;      ///< null for requests that came on no connection
  /// The callback's own, for the next requests of this connection; it ends with the connection.
  std::any kept;

  /// The first query parameter of that name (case counts), or nothing.
  std::optional<std::string_view> query_value(std::string_view name) const;
  /// Empties everything that belongs to one request; keeps what is the connection's, and the
  /// capacity.
  void clear();
};

/// Splits and decodes `request.target` into segments and query. Takes origin form ("/a?b") and
/// absolute form ("http://host/a?b"). Errc: invalid (other forms, a bad percent escape, a NUL).
Result<void> parse_target(Request& request);
/// Percent-decodes `text`; nothing on a bad escape. `plus_is_space` for queries.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Percent-encodes all but RFC 3986 "unreserved" characters.
std::string percent_encode(std::string_view text);

/// An answer. Content-Length, Date and Connection are written by the server: never add those.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  bool wants_close = false;  ///< close the connection behind this answer
  /// Which of the peers given to Server::set_peers() did the work: a connection whose answers name
  /// the same one again and again moves there, which saves two wake-ups of another core a request.
  std::optional<std::size_t> made_by_peer;

  Response() = default;
  explicit Response(int status_code) : status(status_code) {}
  /// The first header of that name, or nothing.
  std::optional<std::string_view> header(std::string_view name) const { return headers.find(name); }
};

/// Answers one request. Runs on the server's executor; the Request lives until it ends. When the
/// server is closed and its deadline has passed the coroutine is cancelled (terminal): its next
/// await throws, destructors run, no answer is written. An exception is answered with 500.
using RequestCallback = std::function<boost::asio::awaitable<Response>(Request&)>;

struct ServerOptions {
  /// The largest body accepted for a request, in bytes. Called when the head is complete: method,
  /// target, segments, query and headers are filled in.
  std::function<std::uint64_t(const Request&)> body_limit;
  /// Bodies that say they are no larger than this are accepted without asking. Bytes.
  std::uint64_t small_body = 0;
  std::size_t head_bytes_max = 64 * 1024;  ///< request line and fields; more is answered with 431
  std::size_t connections_max = 10'000;    ///< beyond it an idle one is closed, else 503
  /// No byte of a next request for so long: the connection is closed.
  std::chrono::milliseconds idle_timeout{75'000};
  /// A connection's begin until it speaks TLS, where the server does; then it is closed. One that
  /// has not got so far counts as idle where connections_max is reached.
  std::chrono::milliseconds handshake_timeout{10'000};
  /// First byte of a head until its end; then 408.
  std::chrono::milliseconds head_timeout{10'000};
  /// No progress in a body (408) or in writing an answer (closed).
  std::chrono::milliseconds stall_timeout{30'000};
  /// How often timeouts are looked at: one timer for all connections, which runs only while there
  /// are some. Timeouts are exact to one such step.
  std::chrono::milliseconds sweep_interval{1'000};
};

/// What a server has seen so far.
struct ServerCounters {
  std::uint64_t accepted = 0;           ///< connections
  std::uint64_t refused = 0;            ///< connections over connections_max
  std::uint64_t requests = 0;           ///< requests handed to the callback
  std::uint64_t malformed = 0;          ///< answered 400, 417 or 431 by the server itself
  std::uint64_t timed_out = 0;          ///< closed by a timeout other than idle
  std::uint64_t failed = 0;             ///< callbacks that ended in an exception
  std::uint64_t moved = 0;              ///< connections given to a peer
  std::uint64_t handshakes_failed = 0;  ///< connections that never spoke TLS; of TLS servers
  /// Answers by the first digit of their status, 1 to 5; also the server's own.
  std::array<std::uint64_t, 5> answers{};
};

class ServerState;

/// Serves HTTP/1.0 and 1.1 (keep-alive, pipelining, chunked bodies, Expect: 100-continue) from one
/// listening socket on one executor, which one thread must run. Owner: a shard, or an environment's
/// Runtime API. States: made -> started -> closed. The executor outlives it; the callback may run
/// until close() has ended. Destroying it without close() closes all sockets at once and cancels
/// running callbacks; their frames go when the executor's context runs or is destroyed.
class Server {
 public:
  /// `listener` is bound and listening (TCP or Unix stream); it is made non-blocking. Without one
  /// the server has the connections that serve() gives it.
  Server(boost::asio::any_io_executor executor, os::UniqueFd listener, RequestCallback callback,
         ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Servers of the same address on other executors, to which connections may move: see
  /// Response::made_by_peer, which counts in this order. Before any of them runs.
  void set_peers(const std::vector<Server*>& peers);
  /// From now on new connections speak TLS, with this certificate; those that are open go on with
  /// theirs. Before start(), and afterwards on the executor. What comes without TLS is answered
  /// 400, in plain text, where it is HTTP.
  void use_tls(std::shared_ptr<const tls::ServerContext> context);
  /// Begins to accept. Errc: os (the descriptor does not listen).
  Result<void> start();
  /// Serves a connected Unix stream socket, which is made non-blocking; closes it where there is no
  /// room or the server is closing. After start(), on the executor.
  void serve(os::UniqueFd connection);
  /// Stops accepting, closes idle connections, lets running requests finish until `deadline`, then
  /// cancels them. Errc: deadline (names how many were cancelled). Call it once.
  Task<void> close(SteadyTime deadline);

  std::size_t connection_count() const;
  const ServerCounters& counters() const;

 private:
  /// Shared with the coroutines of connections, which may end after the server when it is destroyed
  /// without close().
  std::shared_ptr<ServerState> state_;
};

/// What a path matched.
struct RouteMatch {
  int id = 0;
  /// The segments under {names}, in order; views into the segments given to find().
  boost::container::small_vector<std::string_view, 4> parameters;
};

/// Maps method and path to an id. Patterns: "/2015-03-31/functions/{name}/code", where {x} takes
/// exactly one segment; "?key=value" at the end wants that query parameter. The first added route
/// that fits wins, so frequent ones go first. Built once, then only read.
class Router {
 public:
  void add(std::string_view method, std::string_view pattern, int id);
  /// The route of a parsed request; nothing when none fits.
  std::optional<RouteMatch> find(const Request& request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;  ///< empty = parameter
    std::string query_name;
    std::string query_value;
    int id;
  };
  static bool fits(const Route& route, const Request& request);
  std::vector<Route> routes_;
};

/// A request to send. Host, Content-Length and Connection are written by fetch().
struct ClientRequest {
  std::string method = "GET";
  std::string host;  ///< name or address, without brackets
  std::uint16_t port = 80;
  /// Speaks TLS with a server whose certificate these authorities have signed for `host`; null:
  /// plain HTTP.
  std::shared_ptr<const tls::Trust> trust;
  std::string target = "/";
  Headers headers;
  std::string body;
  /// Largest answer accepted, in bytes.
  std::uint64_t response_bytes_max = 256ULL * 1024 * 1024;
};

/// Connects, sends one request and reads the answer; a connection per call. 1xx answers are
/// skipped. Errc: unavailable (cannot resolve or connect, closed early), deadline, too_large,
/// corrupt (not HTTP), invalid (the certificate is not accepted, or the one speaks TLS and the
/// other does not: nothing was sent, or nothing understood). Cancellation closes the connection.
Task<Response> fetch(ClientRequest request, SteadyTime deadline);

}  // namespace proa::http
