#include "launcher/environment_sockets.h"

#include "launcher/net/namespaces.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

namespace proa::launcher {
namespace {

// Custom runtimes have a connection or two; functions that call functions some more.
constexpr int kBacklog = 128;

Result<os::UniqueFd> listen_inside(std::uint16_t port) {
  os::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return os_error("socket inside an environment");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string where = "127.0.0.1:" + std::to_string(port) + " inside an environment";
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return os_error("bind " + where);
  }
  if (::listen(socket.get(), kBacklog) != 0) return os_error("listen on " + where);
  return socket;
}

}  // namespace

Result<EnvironmentSockets> make_environment_sockets(int network_namespace) {
  TRY(auto visit, net::NamespaceVisit::enter(network_namespace));
  EnvironmentSockets sockets;
  TRY(sockets.runtime_api, listen_inside(kRuntimeApiPort));
  TRY(sockets.lambda_api, listen_inside(kLambdaApiPort));
  return sockets;
}

}  // namespace proa::launcher
