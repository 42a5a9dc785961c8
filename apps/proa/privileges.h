// What `proa serve` does while it is root, and how it stops being root.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <filesystem>
#include <string>
#include <vector>

namespace proa::apps {

/// Who the daemon becomes.
struct DaemonUser {
  unsigned uid = 0;
  unsigned gid = 0;
  std::string text;  ///< for people: "proa (uid 998)" or "uid 61234 (no user proa)"
};

/// The user `name`: a name of the host, or a number. The default name `proa` may be missing: then a
/// number that no user has stands for it. Errc: invalid (unknown name, or root).
Result<DaemonUser> find_user(const std::string& name);

/// Makes the data folder and its parts. The folder itself stays root's, so that the daemon cannot
/// move what the launcher looks up in it; code/, blobs/, uploads/ and catalog/ are the daemon's,
/// disks/ is the launcher's. Errc: os.
Result<void> prepare_data_folder(const std::filesystem::path& data, const DaemonUser& user);

/// Holds the data folder against a second daemon for as long as the descriptor lives.
/// Errc: conflict (another daemon uses it), os.
Result<os::UniqueFd> lock_data_folder(const std::filesystem::path& data);

/// `count` listening sockets on the same HOST:PORT (SO_REUSEPORT), for IPv4 and [IPv6] addresses.
/// Errc: invalid (no address), conflict (the port is taken), os.
Result<std::vector<os::UniqueFd>> listen_on(const std::string& address, std::size_t count);

/// Whether only this host can reach `address`. Errc: invalid (no address).
Result<bool> is_loopback(const std::string& address);

/// `address` with the port that a socket from listen_on() has, which was chosen when it said 0.
/// Errc: invalid (no address), os.
Result<std::string> address_of(int listener, const std::string& address);

/// Becomes `user` for good: ids, groups, capabilities; no_new_privs. Errc: os.
Result<void> become(const DaemonUser& user);

}  // namespace proa::apps
