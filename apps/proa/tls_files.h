// The daemon's certificate: from its files, at the start and again at each reload.
#pragma once

#include "base/clock.h"
#include "privileges.h"
#include "telemetry/metrics.h"
#include "telemetry/telemetry.h"
#include "tls/tls.h"

#include <boost/json/object.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace proa::apps {

/// Reads the two files by their paths, each time anew: who renews a certificate may replace files,
/// folders and symbolic links. Reads them as the user that the daemon has become, at the start too,
/// so that no reload fails by a right that was missing from the beginning. Made by main, which
/// alone reloads; any thread asks.
class TlsFiles {
 public:
  struct Paths {
    std::filesystem::path certificate;
    std::filesystem::path key;
  };
  /// Errc: invalid, naming the file and what is wrong with it. `user`: who reads, for that message.
  static Result<std::unique_ptr<TlsFiles>> open(Paths paths, const DaemonUser& user, Clock& clock,
                                                telemetry::Logger log);

  std::shared_ptr<const tls::ServerContext> context() const;
  /// Takes what the files have now, or keeps what it had and tells why, in the log and in status().
  /// Errc: as open().
  Result<void> reload();
  boost::json::object status() const;
  /// Null: the daemon has none.
  static void describe(const TlsFiles* files, telemetry::MetricPage& page);

 private:
  TlsFiles(Paths paths, const DaemonUser& user, Clock& clock, telemetry::Logger log)
      : paths_(std::move(paths)), user_(user.text), clock_(clock), log_(std::move(log)) {}
  Result<void> load();
  Result<tls::PemText> read(const std::filesystem::path& path, const std::string& option,
                            bool is_secret) const;
  /// What an operator must know of the certificate; empty: nothing.
  std::string problem_of(const tls::CertificateSummary& certificate) const;

  const Paths paths_;
  const std::string user_;
  Clock& clock_;
  telemetry::Logger log_;
  mutable std::mutex mutex_;  ///< guards what stands below
  std::shared_ptr<const tls::ServerContext> context_;
  WallTime loaded_;
  std::string reload_;  ///< of the last one; empty: there was none
  std::uint64_t reloads_ = 0;
  std::uint64_t failed_reloads_ = 0;
};

}  // namespace proa::apps
