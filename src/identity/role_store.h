// Real AWS credentials for functions, by their execution role. Part of identity/'s public face,
// through identity.h.
#pragma once

#include "base/clock.h"
#include "base/task.h"
#include "storage/storage.h"

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proa::identity {

/// What functions of a role call AWS with. Immutable once shared; the bytes of its secrets are
/// overwritten when the last owner lets go.
struct RoleCredentials {
  std::string access_key_id;
  std::string secret_access_key;  ///< this and the next: never logged, never answered
  std::string session_token;      ///< empty: the key lasts

  RoleCredentials() = default;
  RoleCredentials(RoleCredentials&&) noexcept = default;
  RoleCredentials& operator=(RoleCredentials&&) noexcept = default;
  RoleCredentials(const RoleCredentials&) = delete;
  RoleCredentials& operator=(const RoleCredentials&) = delete;
  ~RoleCredentials();
};
/// Shared by the store and environments that are being made: either may end last.
using RoleCredentialsPtr = std::shared_ptr<const RoleCredentials>;

/// What a time of day can be at most, in milliseconds: the year 2255.
inline constexpr std::int64_t kLatestMs = 9'000'000'000'000;

/// Overwrites the text before it is let go.
void erase_secret(std::string& text);

/// Whose a role is: an account names its functions' roles for itself, so that a function of another
/// one that names the same role gets nothing.
struct RoleName {
  std::string account_id;  ///< of the functions
  std::string arn;

  auto operator<=>(const RoleName&) const = default;
};

/// What may be told of a role.
struct RoleEntry {
  RoleName name;
  WallTime set;
  bool is_temporary = false;        ///< has a session token
  std::optional<WallTime> expires;  ///< where it was said
};

/// What to store. Checked by set().
struct NewRole {
  RoleName name;
  RoleCredentials credentials;
  std::optional<WallTime> expires;
};

/// arn:PARTITION:iam::ACCOUNT:role/NAME, as Lambda takes it for a function's Role.
bool is_role_arn(std::string_view arn);

/// Durable in `store` (bucket "roles"), whose file only the daemon can read. Thread-safe: reads
/// come from memory behind one mutex, changes run one at a time on a strand over the blocking pool
/// and are durable before their Task completes. Owned by main; outlives the shards.
class RoleStore {
 public:
  /// Loads all records (blocks). Errc: corrupt (names the record), unsupported (written by a newer
  /// Proa), os.
  static Result<std::unique_ptr<RoleStore>> open(storage::KeyValueStore& store,
                                                 boost::asio::thread_pool& blocking, Clock& clock);

  /// Null: its functions get credentials of the environment alone.
  RoleCredentialsPtr find(const RoleName& name) const;
  /// By their names.
  std::vector<RoleEntry> entries() const;

  /// Replaces what was there. Errc: invalid (names what is wrong, never a value), exhausted, os.
  Task<RoleEntry> set(NewRole role);
  /// Errc: not_found, os.
  Task<void> remove(RoleName name);

 private:
  struct Role {
    RoleEntry entry;
    RoleCredentialsPtr credentials;
  };
  RoleStore(storage::KeyValueStore& store, boost::asio::thread_pool& blocking, Clock& clock)
      : store_(store), strand_(boost::asio::make_strand(blocking)), clock_(clock) {}
  Result<void> load();
  // On the strand.
  Result<RoleEntry> put(NewRole& role);
  Result<void> erase(const RoleName& name);

  storage::KeyValueStore& store_;
  boost::asio::strand<boost::asio::thread_pool::executor_type> strand_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::map<RoleName, Role> roles_;  // guarded
};

}  // namespace proa::identity
