// Network namespaces: making one, and stepping into one for a moment.
//
// Only for a single-threaded role: the calling thread's namespace is changed and always put back.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

namespace proa::launcher::net {

/// The calling thread's network namespace as a descriptor. Errc: exhausted, os.
Result<os::UniqueFd> current_namespace();

/// While alive, the calling thread is in another network namespace; the destructor goes back and
/// ends the process when it cannot, because every later step would hit the wrong namespace.
class NamespaceVisit {
 public:
  /// Enters the namespace behind `descriptor`. Errc: os (EPERM without CAP_SYS_ADMIN).
  static Result<NamespaceVisit> enter(int descriptor);
  /// Makes a new, empty namespace and enters it. Errc: exhausted, os.
  static Result<NamespaceVisit> enter_new();

  NamespaceVisit(NamespaceVisit&&) noexcept = default;
  NamespaceVisit& operator=(NamespaceVisit&&) = delete;
  ~NamespaceVisit();

 private:
  explicit NamespaceVisit(os::UniqueFd home) : home_(std::move(home)) {}
  os::UniqueFd home_;
};

/// Writes a setting below /proc/sys/net of the calling thread's namespace, e.g.
/// ("ipv4/ip_forward", "1"). Errc: not_found, os (named by path).
Result<void> write_setting(const std::string& name, std::string_view value);
/// Reads one, without the ending newline. Errc as above.
Result<std::string> read_setting(const std::string& name);

}  // namespace proa::launcher::net
