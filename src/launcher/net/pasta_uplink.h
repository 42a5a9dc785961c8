// The other way out: `pasta` (package passt) carries the router's packets as sockets of an ordinary
// user in the host's namespace, for hosts whose kernel does not forward, or whose firewall drops
// what it forwards.
//
// pasta runs as a user id that nothing else has, in a user namespace which that user made and which
// owns the router's namespace: it has no privilege on the host, and the host's rules know its
// packets by their user. A *keeper* process starts it and starts it again when it ends; the keeper
// is the first process of a process-id namespace, so pasta cannot outlive it, nor it the pool role.
// Measured: docs/architecture.md, "Network".
#pragma once

#include "base/result.h"
#include "launcher/net/addresses.h"
#include "os/unique_fd.h"

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proa::launcher::net {

/// The user of instance `number`'s pasta: above all user ids of environments (launcher/instance.h).
std::uint32_t pasta_uid(std::uint32_t number);

/// A user namespace made by `uid`, in which that user is the only one, and a network namespace that
/// belongs to it.
struct OwnedNamespaces {
  OwnedNamespaces() = default;
  os::UniqueFd user;
  os::UniqueFd network;
};
/// Errc: os, exhausted.
Result<OwnedNamespaces> make_owned_namespaces(std::uint32_t uid);

struct PastaOptions {
  PastaOptions() = default;
  std::string program;  ///< path of pasta
  std::uint32_t uid = 0;
  int user_namespace = -1;    ///< owner of the router's namespace; borrowed during start()
  int router_namespace = -1;  ///< borrowed
  int host_namespace = -1;    ///< where pasta makes its sockets; borrowed
  std::string device;         ///< to be made in the router's namespace
  std::uint32_t group = 0;    ///< its device group
  IpAddress address4;         ///< of the device
  IpAddress gateway4;         ///< where the default route leads: nobody has that address
  unsigned length4 = 30;
  std::optional<IpAddress> address6;
  std::optional<IpAddress> gateway6;
};

/// pasta's path, if it is installed where the system's programs are.
std::optional<std::string> find_pasta();
/// The command line for `options`; the namespaces are at these descriptors.
std::vector<std::string> pasta_arguments(const PastaOptions& options, int user_fd, int network_fd);

/// The keeper and through it pasta. Owned by the Router; ends both when destroyed.
class PastaUplink {
 public:
  /// Starts it and waits until its device is up and in its group; 5 s at most. Errc: unavailable
  /// (pasta ended or made no device; has its own words), os.
  static Result<std::unique_ptr<PastaUplink>> start(const PastaOptions& options);
  ~PastaUplink();
  PastaUplink(const PastaUplink&) = delete;
  PastaUplink& operator=(const PastaUplink&) = delete;

  /// Begins to end both; the destructor waits for it, which takes the kernel some 40 ms.
  void end();
  /// Readable when news came: a change of state. -1 when the keeper itself is gone.
  int news_fd() const { return news_.get(); }
  /// Reads the news. The latest failure if one is among them: why pasta ended, in its own words.
  std::optional<std::string> take_news();
  /// Empty while pasta carries packets, else why not.
  const std::string& problem() const { return problem_; }

 private:
  PastaUplink(pid_t keeper, os::UniqueFd news) : keeper_(keeper), news_(std::move(news)) {}

  pid_t keeper_;
  os::UniqueFd news_;
  std::string problem_ = "pasta is being started";
};

/// Body of the keeper process; returns only when its owner is gone. For PastaUplink::start().
/// `news` is a seqpacket socket on which it says "up", or "down" and the reason.
void run_pasta_keeper(const PastaOptions& options, int news);

}  // namespace proa::launcher::net
