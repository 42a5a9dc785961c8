// TLS for http: the daemon's certificate, whom a client believes, and the records of a connection.
//
// Nouns: ServerContext (a certificate chain with its key, ready to serve; replaced as a whole by a
// reload), CertificateSummary (what a certificate says of itself), Trust (the authorities that a
// client believes), Session (TLS of one connection). `apps` makes contexts from files, `http` runs
// sessions; it uses nothing but OpenSSL. A session reads and writes the connection's own
// non-blocking socket: one recv and one send for a small request, where asio::ssl copies every byte
// through memory buffers and completes through the scheduler. TLS 1.2 with forward-secret AEAD
// ciphers, and 1.3; ALPN is http/1.1. Sessions are never resumed: there are no tickets, so no
// ticket keys that would have to be shared, renewed or kept. Contexts and Trust: any thread. A
// session: one thread at a time. Long document: docs/guides/tls.md; decision 21.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace proa::tls {

/// What a certificate says of itself.
struct CertificateSummary {
  std::string subject;             ///< RFC 2253: "CN=proa.example"
  std::string issuer;              ///< likewise
  std::string serial;              ///< hexadecimal
  std::vector<std::string> names;  ///< "proa.example", "*.lambda-url.us-east-1.proa.example"
  WallTime not_before;
  WallTime not_after;
};

/// A file's content, and how errors call it: "--tls-cert /etc/proa/tls/cert.pem".
struct PemText {
  std::string name;
  std::string text;
};

/// What is said of a connection's socket by a step of its session.
enum class Outcome {
  done,         ///< it moved on: bytes() of them, or the handshake is complete
  wants_read,   ///< nothing happens before the socket is readable
  wants_write,  ///< nor before it is writable
  ended,        ///< the peer said that nothing more follows
  failed,       ///< no TLS any more: reset, cut short, or a breach of the protocol
};

struct Step {
  Outcome outcome = Outcome::failed;
  std::size_t bytes = 0;
};

/// TLS on one non-blocking stream socket, whose owner keeps it open meanwhile; made by a
/// ServerContext or by Trust, and may outlive either. No step ever waits.
class Session {
 public:
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Once done, read() and write() may be called.
  Step handshake();
  bool is_open() const { return is_open_; }
  /// Up to `size` bytes into `out`. An end without the peer's word for it is `failed`, so that
  /// nobody on the way can cut a message short.
  Step read(char* out, std::size_t size);
  /// At least one byte of `text`, which is not empty. After wants_* the same text again.
  Step write(std::string_view text);
  /// Says that nothing more follows, if that is possible at once.
  void end();
  /// Bytes have come that read() has not given yet; the socket may show none.
  bool has_pending() const;

  /// The handshake failed because the peer's first bytes were of HTTP without TLS.
  bool met_plain_http() const;
  /// Why a step failed, in OpenSSL's words: "certificate verify failed".
  const std::string& reason() const { return reason_; }
  /// The connection under its name, for the classes that make sessions.
  ssl_st* native() const { return ssl_.get(); }

 private:
  friend class ServerContext;
  friend class Trust;
  struct Wire;
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  Session(ssl_ctx_st* context, int socket);
  /// What the return value of an operation means.
  Step judge(int result, bool is_write = false);

  std::unique_ptr<Wire> wire_;  ///< outlives ssl_, which points to it
  std::unique_ptr<ssl_st, Free> ssl_;
  std::string reason_;
  std::unique_ptr<CertificateSummary> refused_;  ///< the peer's, when it was not accepted
  bool is_open_ = false;
  bool has_failed_ = false;
  /// Failed too, or the socket takes no more: a peer that answers (413) and stops reading may have
  /// been heard already, so what has come can still be read.
  bool cannot_write_ = false;
};

struct FreeContext {
  void operator()(ssl_ctx_st* context) const;
};
using ContextPtr = std::unique_ptr<ssl_ctx_st, FreeContext>;

/// A certificate chain with its key. Immutable; shared by the shards and by sessions that began
/// with it, because a reload replaces it while connections go on.
class ServerContext {
 public:
  /// `chain`: the server's certificate, then those that lead to its authority. `key`: its private
  /// key, not encrypted. Dates are not judged: see CertificateSummary. Errc: invalid, naming which
  /// of the two files is wrong, and how.
  static Result<std::shared_ptr<const ServerContext>> make(const PemText& chain,
                                                           const PemText& key);
  const CertificateSummary& certificate() const { return certificate_; }
  /// A session for an accepted connection; null without memory.
  std::unique_ptr<Session> accept(int socket) const;

 private:
  ServerContext(ContextPtr context, CertificateSummary certificate)
      : context_(std::move(context)), certificate_(std::move(certificate)) {}
  ContextPtr context_;
  CertificateSummary certificate_;
};

/// Whom a client believes. Immutable; shared by requests, each of which may be on its way.
class Trust {
 public:
  /// The authorities of this machine: /etc/ssl/certs, or what SSL_CERT_FILE names. Errc: internal.
  static Result<std::shared_ptr<const Trust>> of_this_machine();
  /// The authorities in `file`, and no others. Errc: invalid (no certificates in it).
  static Result<std::shared_ptr<const Trust>> of(const PemText& file);

  /// A session for a connection to `host`, a name or an address, which the server's certificate
  /// must be for; null when it is neither, or without memory.
  std::unique_ptr<Session> connect(int socket, const std::string& host) const;
  /// Why the handshake of `session` with `peer` ("host:port") failed, with what to do. Errc:
  /// invalid (the certificate is not accepted, or no TLS is spoken there), unavailable (else).
  static Error failure(const Session& session, const std::string& host, const std::string& peer);

 private:
  explicit Trust(ContextPtr context) : context_(std::move(context)) {}
  static ContextPtr make_context();
  /// OpenSSL's question whether a certificate that it accepts, or not, is accepted.
  static int remember_refused(int is_accepted, x509_store_ctx_st* verification);
  ContextPtr context_;
};

}  // namespace proa::tls
