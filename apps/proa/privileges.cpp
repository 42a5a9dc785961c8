#include "privileges.h"

#include "os/file.h"
#include "storage/data_format.h"

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace proa::apps {
namespace {

// systemd's range for services without a user of their own is 61184-65519; its last number is a
// fixed choice here so that the data folder keeps its owner over restarts.
constexpr unsigned kUnnamedUid = 65'519;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  bool is_loopback = false;
};

Result<SocketAddress> parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  const Error bad(Errc::invalid, "--listen " + text +
                                     ": expected ADDRESS:PORT, e.g. 127.0.0.1:9600 or [::1]:9600");
  if (colon == std::string::npos) return bad;
  std::string host = text.substr(0, colon);
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return bad;
  SocketAddress address;
  if (host.starts_with('[') && host.ends_with(']')) {
    auto* six = reinterpret_cast<sockaddr_in6*>(&address.storage);
    host = host.substr(1, host.size() - 2);
    if (::inet_pton(AF_INET6, host.c_str(), &six->sin6_addr) != 1) return bad;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    address.size = sizeof *six;
    address.is_loopback = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
    return address;
  }
  if (host == "localhost") host = "127.0.0.1";
  auto* four = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &four->sin_addr) != 1) return bad;
  four->sin_family = AF_INET;
  four->sin_port = htons(port);
  address.size = sizeof *four;
  address.is_loopback = (ntohl(four->sin_addr.s_addr) >> 24U) == 127;
  return address;
}

Result<os::UniqueFd> listen_once(const SocketAddress& address, const std::string& text) {
  os::UniqueFd socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return os_error("socket");
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    return os_error("SO_REUSEPORT");
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) !=
      0) {
    if (errno == EADDRINUSE) return Error(Errc::conflict, text + " is in use by another program");
    return os_error("bind " + text);
  }
  if (::listen(socket.get(), 1024) != 0) return os_error("listen on " + text);
  return socket;
}

// SO_REUSEPORT would let a second daemon of the same user share the port silently: a first socket
// without it finds out whether anybody has the port.
Result<void> check_free(const SocketAddress& address, const std::string& text) {
  os::UniqueFd socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return os_error("socket");
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0)
    return ok();
  if (errno == EADDRINUSE) {
    return Error(Errc::conflict,
                 text + " is in use by another program (is another proa serve running?)");
  }
  return os_error("bind " + text);
}

Result<void> make_part(const std::filesystem::path& path, unsigned uid, unsigned gid, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    return os_error("create " + path.string());
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return os_error("stat " + path.string());
  if (!S_ISDIR(status.st_mode)) return Error(Errc::invalid, path.string() + " is not a folder");
  if (::chown(path.c_str(), uid, gid) != 0 || ::chmod(path.c_str(), mode) != 0) {
    return os_error("set owner of " + path.string());
  }
  return ok();
}

/// Gives what is in a folder of root's to the daemon: `proa restore` has made it, and nobody else
/// could have put anything there.
Result<void> take_over(const std::filesystem::path& folder, const DaemonUser& user) {
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || status.st_uid != 0) return ok();
  std::error_code failed;
  for (std::filesystem::recursive_directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (::lchown(at->path().c_str(), user.uid, user.gid) != 0) {
      return os_error("set owner of " + at->path().string());
    }
  }
  if (failed) return os_error("read " + folder.string(), failed.value());
  return ok();
}

}  // namespace

Result<DaemonUser> find_user(const std::string& name) {
  DaemonUser user;
  const char* end = name.data() + name.size();
  const auto number = std::from_chars(name.data(), end, user.uid);
  if (number.ec == std::errc{} && number.ptr == end) {
    user.gid = user.uid;
    user.text = "uid " + name;
  } else if (const passwd* entry = ::getpwnam(name.c_str())) {
    user.uid = entry->pw_uid;
    user.gid = entry->pw_gid;
    user.text = name + " (uid " + std::to_string(user.uid) + ")";
  } else if (name == "proa") {
    user.uid = user.gid = kUnnamedUid;
    user.text = "uid " + std::to_string(kUnnamedUid) + " (there is no user proa)";
  } else {
    return Error(Errc::invalid, "--user " + name + ": no such user");
  }
  if (user.uid == 0)
    return Error(Errc::invalid, "--user " + name + ": the daemon must not stay root");
  return user;
}

Result<void> prepare_data_folder(const std::filesystem::path& data, const DaemonUser& user) {
  std::error_code failed;
  std::filesystem::create_directories(data, failed);
  if (failed) return os_error("create " + data.string(), failed.value());
  TRY(storage::check_data_format(data));  // before anything of it is touched
  TRY(make_part(data, 0, user.gid, 0750));
  for (const char* name : {"catalog", "code", "kernels", "images", "blobs", "uploads", "queue",
                           "logs", "usage", "backups"}) {
    TRY(take_over(data / name, user));
    TRY(make_part(data / name, user.uid, user.gid, 0700));
  }
  return make_part(data / "disks", 0, 0, 0700);
}

Result<os::UniqueFd> lock_data_folder(const std::filesystem::path& data) {
  TRY(auto lock, os::open_file(data / "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return Error(Errc::conflict, data.string() + " is in use by another proa serve");
    return os_error("lock " + data.string());
  }
  return lock;
}

Result<std::vector<os::UniqueFd>> listen_on(const std::string& text, std::size_t count) {
  TRY(auto address, parse_address(text));
  TRY(check_free(address, text));
  std::vector<os::UniqueFd> listeners;
  for (std::size_t i = 0; i < count; ++i) {
    TRY(auto listener, listen_once(address, text));
    if (i == 0) {  // port 0 chooses one; the others must follow
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size);
    }
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

Result<bool> is_loopback(const std::string& text) {
  TRY(const auto address, parse_address(text));
  return address.is_loopback;
}

Result<std::string> address_of(int listener, const std::string& address) {
  TRY(const auto parsed, parse_address(address));
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return os_error("getsockname");
  const unsigned port = parsed.storage.ss_family == AF_INET6
                            ? ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port)
                            : ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
  return address.substr(0, address.rfind(':') + 1) + std::to_string(port);
}

Result<void> become(const DaemonUser& user) {
  if (::setgroups(0, nullptr) != 0) return os_error("setgroups");
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return os_error("setresgid");
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return os_error("setresuid");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return os_error("no_new_privs");
  return ok();
}

}  // namespace proa::apps
