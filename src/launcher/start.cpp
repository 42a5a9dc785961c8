#include "launcher/launcher.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace proa::launcher {
namespace {

// proa-launcher's inherited descriptors.
constexpr int kConfigFd = 3;
constexpr int kSocketFd = 4;

Result<os::UniqueFd> config_file(const LauncherConfig& config) {
  os::UniqueFd file(::memfd_create("proa-launcher-config", MFD_CLOEXEC));
  if (!file) return os_error("memfd_create");
  const std::string text = to_json(config);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return os_error("write launcher configuration");
  }
  return file;
}

[[noreturn]] void execute(const char* program, int config, int socket) {
  const int high_config = ::fcntl(config, F_DUPFD, 16);
  const int high_socket = ::fcntl(socket, F_DUPFD, 16);
  if (::dup2(high_config, kConfigFd) < 0 || ::dup2(high_socket, kSocketFd) < 0 ||
      ::close_range(kSocketFd + 1, ~0U, 0) != 0) {
    ::_exit(126);
  }
  ::execl(program, "proa-launcher", static_cast<char*>(nullptr));
  ::_exit(127);
}

}  // namespace

Result<LauncherProcess> start_launcher(const std::filesystem::path& program,
                                       const LauncherConfig& config) {
  if (::access(program.c_str(), X_OK) != 0) return os_error("launcher program " + program.string());
  TRY(auto file, config_file(config));
  TRY(auto sockets, os::seqpacket_pair());
  const pid_t pid = ::fork();
  if (pid < 0) return os_error("fork the launcher");
  if (pid == 0) execute(program.c_str(), file.get(), sockets.second.get());
  LauncherProcess process;
  process.pid = pid;
  process.socket = std::move(sockets.first);
  return process;
}

Result<RoleConnections> receive_roles(int supervisor_socket) {
  TRY(auto message, os::receive_message(supervisor_socket));
  TRY(auto reply, decode_reply(message.bytes));
  const auto* up = std::get_if<RolesUp>(&reply);
  if (up == nullptr || message.fds.size() != 2 * static_cast<std::size_t>(up->shards)) {
    return Error(Errc::corrupt, "launcher: unexpected message from the supervisor");
  }
  RoleConnections connections;
  connections.instance = up->instance;
  for (std::size_t i = 0; i < message.fds.size(); ++i) {
    auto& list = i < up->shards ? connections.spawn : connections.pool;
    list.push_back(std::move(message.fds[i]));
  }
  return connections;
}

}  // namespace proa::launcher
