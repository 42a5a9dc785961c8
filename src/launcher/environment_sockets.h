// Sockets that live in an environment's network namespace and are served by the daemon.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <cstdint>

namespace proa::launcher {

/// Ports at which code inside an environment reaches us, on its 127.0.0.1 only. A socket belongs to
/// the namespace it was made in, whoever serves it: so nothing stands between, and no other
/// environment and no program of the host can connect. 9001 is what Lambda uses itself.
inline constexpr std::uint16_t kRuntimeApiPort = 9001;
inline constexpr std::uint16_t kLambdaApiPort = 9002;

/// Listening, bound to 127.0.0.1 inside. A held socket keeps its namespace alive: whoever has them
/// closes them before the slot is released.
struct EnvironmentSockets {
  EnvironmentSockets() = default;
  os::UniqueFd runtime_api;
  os::UniqueFd lambda_api;
};

/// Makes both inside `network_namespace`, whose loopback device is up. Single-threaded roles with
/// CAP_SYS_ADMIN only; 0.05 ms. Errc: exhausted, os.
Result<EnvironmentSockets> make_environment_sockets(int network_namespace);

}  // namespace proa::launcher
