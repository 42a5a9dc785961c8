// What `proa serve` waits for while it runs: signals, and its launcher.
#pragma once

#include "network/network.h"
#include "os/unique_fd.h"
#include "shard.h"

#include <functional>
#include <memory>
#include <vector>

namespace proa::apps {

/// SIGTERM and SIGINT end the daemon; SIGHUP is a reload, or the end where it says that the
/// terminal is gone.
class Signals {
 public:
  /// Before any thread starts: they inherit that these signals are blocked.
  Signals();
  int descriptor() const { return signals_.get(); }
  enum class Meaning { nothing, reload, end };
  /// Takes one that has come.
  Meaning take() const;

 private:
  bool has_terminal_ = false;
  os::UniqueFd signals_;
};

struct Watched {
  const Signals& signals;
  int launcher;  ///< the supervisor's socket
  const std::vector<std::unique_ptr<Shard>>& shards;
  network::DnsService& dns;
  std::function<void()> reload;
};

/// Names for environments: sockets of the launcher's, questions answered by us. Without it (as
/// without a network) functions run all the same, and the reason is logged.
void connect_dns(const std::vector<std::unique_ptr<Shard>>& shards, network::DnsService& dns);

/// Waits for the end; gives new roles' connections to the shards. Blocks. The exit status.
int watch(const Watched& watched);

}  // namespace proa::apps
