#include "tls/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace proa::tls {

/// The socket as OpenSSL sees it.
struct Session::Wire {
  int socket = -1;
  bool is_first = true;  ///< no byte has come yet
  bool is_plain_http = false;
  bool is_at_end = false;

  static const BIO_METHOD* method();
  static int read(BIO* bio, char* out, int size);
  static int write(BIO* bio, const char* text, int size);
  static long control(BIO* bio, int command, long number, void* pointer);
};

// Not OpenSSL's own socket BIO: that one writes without MSG_NOSIGNAL.
const BIO_METHOD* Session::Wire::method() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "proa socket");
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }();
  return kMethod;
}

int Session::Wire::read(BIO* bio, char* out, int size) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  ssize_t got = 0;
  do {
    got = ::recv(wire.socket, out, static_cast<std::size_t>(size), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_read(bio);
  if (got == 0) wire.is_at_end = true;
  if (got <= 0 || !wire.is_first) return static_cast<int>(got);
  wire.is_first = false;
  // TLS begins with the number of a record's type, HTTP with the letters of a method or "HTTP/".
  wire.is_plain_http = *out >= 'A' && *out <= 'Z';
  return wire.is_plain_http ? -1 : static_cast<int>(got);
}

int Session::Wire::write(BIO* bio, const char* text, int size) {
  const auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (wire.is_plain_http) return -1;  // an alert would stand in front of the answer in plain text
  ssize_t sent = 0;
  do {
    sent = ::send(wire.socket, text, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long Session::Wire::control(BIO* bio, int command, long, void*) {
  const auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return wire.is_at_end ? 1 : 0;
  return 0;
}

void Session::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Session::Session(ssl_ctx_st* context, int socket)
    : wire_(std::make_unique<Wire>()), ssl_(SSL_new(context)) {
  wire_->socket = socket;
  BIO* bio = ssl_ ? BIO_new(Wire::method()) : nullptr;
  if (bio == nullptr) {
    ssl_.reset();
    return;
  }
  BIO_set_data(bio, wire_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

Session::~Session() = default;

Step Session::judge(int result, bool is_write) {
  if (result > 0) return {Outcome::done, static_cast<std::size_t>(result)};
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Outcome::wants_read};
    case SSL_ERROR_WANT_WRITE:
      return {Outcome::wants_write};
    case SSL_ERROR_ZERO_RETURN:
      return {Outcome::ended};
    default:
      break;
  }
  const int number = errno;
  const bool is_of_socket = ERR_peek_last_error() == 0 && number != 0;
  reason_ = is_of_socket ? std::strerror(number) : take_reason();
  has_failed_ = !(is_write && is_of_socket);
  cannot_write_ = true;
  return {Outcome::failed};
}

Step Session::handshake() {
  if (has_failed_) return {Outcome::failed};
  ERR_clear_error();
  errno = 0;
  const Step step = judge(SSL_do_handshake(ssl_.get()));
  is_open_ = step.outcome == Outcome::done;
  return step;
}

Step Session::read(char* out, std::size_t size) {
  if (has_failed_) return {Outcome::failed};
  ERR_clear_error();
  errno = 0;
  return judge(SSL_read(ssl_.get(), out, static_cast<int>(size)));
}

Step Session::write(std::string_view text) {
  if (cannot_write_) return {Outcome::failed};
  ERR_clear_error();
  errno = 0;
  return judge(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())), true);
}

void Session::end() {
  if (!is_open_ || cannot_write_) return;
  ERR_clear_error();
  (void)SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool Session::has_pending() const { return SSL_has_pending(ssl_.get()) == 1; }

bool Session::met_plain_http() const { return wire_->is_plain_http; }

}  // namespace proa::tls
