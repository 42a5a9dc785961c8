// The accounts and keys of this daemon. Part of identity/'s public face, through identity.h.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "identity/keys.h"
#include "storage/storage.h"

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace proa::identity {

/// Somebody who owns functions. The daemon's own account (--account-id) always exists.
struct Account {
  std::string id;  ///< 12 digits
  std::string name;
  WallTime created;
};

/// What a new key shall be. Checked by create_key().
struct NewKey {
  std::string account_id;
  std::string description;
  Rights rights;
};

/// Accounts and keys, durable in `store` (bucket "accounts", "keys"). Thread-safe: reads come from
/// a snapshot behind one mutex, changes run one at a time on a strand over the blocking pool and
/// are durable before their Task completes. Owned by main; outlives the shards.
class KeyStore final : public KeyLookup {
 public:
  /// Loads all records (blocks). Errc: corrupt (names the record), os.
  static Result<std::unique_ptr<KeyStore>> open(storage::KeyValueStore& store,
                                                boost::asio::thread_pool& blocking, Clock& clock,
                                                std::string default_account_id);

  KeyPtr find(std::string_view key_id) const override;
  /// A key was made once: from then on every request must be signed. Any thread, one atomic load.
  bool is_on() const { return is_on_.load(std::memory_order_acquire); }
  std::size_t key_count() const;

  /// By their ids.
  std::vector<Account> accounts() const;
  std::vector<KeyPtr> keys() const;

  /// A new account; `id` empty: one is made up. Errc: invalid (name or id), conflict (exists), os.
  Task<Account> create_account(std::string name, std::string id);
  /// A new key. The first one must have the right `admin`: nobody could make another. Errc: invalid
  /// (no rights, unknown account ...), os.
  Task<KeyPtr> create_key(NewKey request);
  /// Errc: not_found, conflict (the last key with the right `admin`), os.
  Task<void> revoke_key(std::string key_id);

 private:
  using KeyMap = std::map<std::string, KeyPtr, std::less<>>;
  using AccountMap = std::map<std::string, Account, std::less<>>;

  KeyStore(storage::KeyValueStore& store, boost::asio::thread_pool& blocking, Clock& clock);
  Result<void> load(const std::string& default_account_id);
  // On the strand.
  Result<Account> add_account(const std::string& name, const std::string& id);
  Result<KeyPtr> add_key(const NewKey& request);
  Result<void> remove_key(const std::string& key_id);
  std::string new_account_id();

  storage::KeyValueStore& store_;
  boost::asio::strand<boost::asio::thread_pool::executor_type> strand_;
  Clock& clock_;
  RandomSource random_;  // on the strand
  mutable std::mutex mutex_;
  KeyMap keys_;          // guarded
  AccountMap accounts_;  // guarded
  std::atomic<bool> is_on_{false};
};

}  // namespace proa::identity
