#include "tls_files.h"

#include "base/utc_text.h"
#include "os/file.h"

#include <boost/json/array.hpp>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace proa::apps {
namespace {

namespace fs = std::filesystem;
using telemetry::Metric;
using telemetry::MetricType;

constexpr Metric kExpiry{"proa_tls_certificate_expiry_timestamp_seconds", MetricType::gauge,
                         "When the certificate in service expires, in seconds since 1970; without "
                         "TLS there is none."};
constexpr Metric kReloads{"proa_tls_reloads_total", MetricType::counter,
                          "Times that the TLS files were read again, by what came of it."};
/// Certificates of an authority live three months or less and are renewed with weeks left.
constexpr std::chrono::hours kSoon{24 * 14};
constexpr std::size_t kFileMax = 1024 * 1024;

/// "root:ssl-cert, mode 0640"
std::string ownership(const struct stat& status) {
  const passwd* user = ::getpwuid(status.st_uid);
  const group* of = ::getgrgid(status.st_gid);
  std::array<char, 16> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(status.st_mode & 07777));
  return (user != nullptr ? std::string(user->pw_name) : std::to_string(status.st_uid)) + ":" +
         (of != nullptr ? std::string(of->gr_name) : std::to_string(status.st_gid)) + ", mode " +
         mode.data();
}

/// What keeps this process from a file: the first folder on the way that is closed, else the file.
std::string what_is_closed(const fs::path& path) {
  struct stat status {};
  fs::path folder;
  for (const auto& part : path.parent_path()) {
    folder /= part;
    if (::access(folder.c_str(), X_OK) == 0 || errno != EACCES) continue;
    const bool is_known = ::stat(folder.c_str(), &status) == 0;
    return "the folder " + folder.string() + " is closed to it" +
           (is_known ? " (" + ownership(status) + ")" : "");
  }
  return ::stat(path.c_str(), &status) == 0 ? "it is " + ownership(status)
                                            : "a folder that it links to is closed";
}

}  // namespace

Result<std::unique_ptr<TlsFiles>> TlsFiles::open(Paths paths, const DaemonUser& user, Clock& clock,
                                                 telemetry::Logger log) {
  std::unique_ptr<TlsFiles> files(new TlsFiles(std::move(paths), user, clock, std::move(log)));
  TRY(files->load());
  return files;
}

Result<tls::PemText> TlsFiles::read(const fs::path& path, const std::string& option,
                                    bool is_secret) const {
  tls::PemText out;
  out.name = option + " " + path.string();
  const auto file = os::open_file(path, O_RDONLY | O_NONBLOCK);
  if (!file && file.error().os_errno() == EACCES) {
    return Error(Errc::invalid, out.name + ": " + user_ +
                                    ", which the daemon is, may not read it, and must at every "
                                    "reload: " +
                                    what_is_closed(path));
  }
  if (!file) {
    return Error(Errc::invalid, out.name + ": " + std::strerror(file.error().os_errno()));
  }
  struct stat status {};
  if (::fstat(file.value().get(), &status) != 0) return os_error(out.name);
  if (!S_ISREG(status.st_mode)) return Error(Errc::invalid, out.name + ": is no regular file");
  if (status.st_size > static_cast<off_t>(kFileMax)) {
    return Error(Errc::invalid, out.name + ": is larger than 1 MiB");
  }
  if (is_secret && (status.st_mode & S_IRWXO) != 0) {
    return Error(Errc::invalid, out.name + ": every user of this host may read the key (" +
                                    ownership(status) + "); chmod o= keeps it secret");
  }
  TRY(out.text, os::read_all(file.value().get()));
  return out;
}

Result<void> TlsFiles::load() {
  TRY(const auto chain, read(paths_.certificate, "--tls-cert", false));
  TRY(const auto key, read(paths_.key, "--tls-key", true));
  TRY(auto context, tls::ServerContext::make(chain, key));
  const tls::CertificateSummary& certificate = context->certificate();
  log_.info("tls_certificate_loaded", {{"subject", certificate.subject},
                                       {"serial", certificate.serial},
                                       {"expires", utc_text(certificate.not_after, "Z")}});
  const std::string problem = problem_of(certificate);
  if (!problem.empty()) log_.warn("tls_certificate_problem", {{"problem", problem}});
  const std::lock_guard guard(mutex_);
  context_ = std::move(context);
  loaded_ = clock_.wall_now();
  return ok();
}

Result<void> TlsFiles::reload() {
  Result<void> loaded = load();
  const std::string now = utc_text(clock_.wall_now(), "Z");
  if (!loaded) log_.error("tls_reload_failed", {{"reason", loaded.error().message()}});
  const std::lock_guard guard(mutex_);
  ++(loaded ? reloads_ : failed_reloads_);
  reload_ = loaded ? "done " + now : "failed " + now + ": " + loaded.error().message();
  return loaded;
}

// Served all the same: a client that looks at dates refuses it and one that is told not to does
// not; a daemon that does not start serves nobody.
std::string TlsFiles::problem_of(const tls::CertificateSummary& certificate) const {
  const WallTime now = clock_.wall_now();
  if (certificate.not_after < now) return "expired on " + utc_text(certificate.not_after, "Z");
  if (certificate.not_before > now) {
    return "not valid before " + utc_text(certificate.not_before, "Z");
  }
  if (certificate.not_after < now + kSoon) {
    return "expires on " + utc_text(certificate.not_after, "Z");
  }
  return {};
}

std::shared_ptr<const tls::ServerContext> TlsFiles::context() const {
  const std::lock_guard guard(mutex_);
  return context_;
}

boost::json::object TlsFiles::status() const {
  const std::lock_guard guard(mutex_);
  const tls::CertificateSummary& certificate = context_->certificate();
  boost::json::object out;
  out["subject"] = certificate.subject;
  out["names"] = boost::json::array(certificate.names.begin(), certificate.names.end());
  out["issuer"] = certificate.issuer;
  out["serial"] = certificate.serial;
  out["expires"] = utc_text(certificate.not_after, "Z");
  out["loaded"] = utc_text(loaded_, "Z");
  if (!reload_.empty()) out["reload"] = reload_;
  const std::string problem = problem_of(certificate);
  if (!problem.empty()) out["problem"] = problem;
  return out;
}

void TlsFiles::describe(const TlsFiles* files, telemetry::MetricPage& page) {
  page.declare(kExpiry);
  page.declare(kReloads);
  if (files == nullptr) return;
  const std::lock_guard guard(files->mutex_);
  const WallTime expires = files->context_->certificate().not_after;
  page.add(kExpiry, static_cast<double>(epoch_ms(expires)) / 1000);
  page.add(kReloads, static_cast<double>(files->reloads_), {{"result", "done"}});
  page.add(kReloads, static_cast<double>(files->failed_reloads_), {{"result", "failed"}});
}

}  // namespace proa::apps
