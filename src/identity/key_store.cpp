#include "identity/key_store.h"

#include "base/run_on.h"
#include "identity/key_records.h"
#include "model/account_id.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

namespace proa::identity {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kAccountBucket = "accounts";
constexpr std::string_view kKeyBucket = "keys";
constexpr std::size_t kNameMax = 64;
constexpr std::size_t kDescriptionMax = 256;

/// `count` characters of `alphabet`, whose size must divide 256.
std::string random_text(RandomSource& random, std::string_view alphabet, std::size_t count) {
  std::string text(count, '\0');
  std::array<std::byte, 64> bytes{};
  random.fill(std::span(bytes).first(count));
  for (std::size_t i = 0; i < count; ++i) {
    text[i] = alphabet[std::to_integer<std::size_t>(bytes[i]) % alphabet.size()];
  }
  return text;
}

constexpr std::string_view kIdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kSecretAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_account_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

bool has_admin(const KeyPtr& key) { return key->rights.has(Right::admin); }

}  // namespace

KeyStore::KeyStore(storage::KeyValueStore& store, asio::thread_pool& blocking, Clock& clock)
    : store_(store), strand_(asio::make_strand(blocking)), clock_(clock) {}

Result<std::unique_ptr<KeyStore>> KeyStore::open(storage::KeyValueStore& store,
                                                 asio::thread_pool& blocking, Clock& clock,
                                                 std::string default_account_id) {
  std::unique_ptr<KeyStore> keys(new KeyStore(store, blocking, clock));
  TRY(keys->load(default_account_id));
  return keys;
}

Result<void> KeyStore::load(const std::string& default_account_id) {
  accounts_[default_account_id] = Account{default_account_id, "default", WallTime()};
  TRY(auto accounts, store_.list(kAccountBucket));
  for (const auto& entry : accounts) {
    TRY(auto account, decode_account(entry.key, entry.value));
    accounts_[account.id] = std::move(account);
  }
  TRY(auto keys, store_.list(kKeyBucket));
  for (const auto& entry : keys) {
    TRY(auto key, decode_key(entry.key, entry.value));
    const auto shared = std::make_shared<const Key>(std::move(key));
    keys_[shared->id] = shared;
  }
  is_on_ = !keys_.empty();
  return ok();
}

KeyPtr KeyStore::find(std::string_view key_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(key_id);
  return found == keys_.end() ? nullptr : found->second;
}

std::size_t KeyStore::key_count() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

std::vector<Account> KeyStore::accounts() const {
  const std::lock_guard lock(mutex_);
  std::vector<Account> list;
  for (const auto& [id, account] : accounts_) list.push_back(account);
  return list;
}

std::vector<KeyPtr> KeyStore::keys() const {
  const std::lock_guard lock(mutex_);
  std::vector<KeyPtr> list;
  for (const auto& [id, key] : keys_) list.push_back(key);
  return list;
}

Task<Account> KeyStore::create_account(std::string name, std::string id) {
  return change_on<Account>(strand_, [this, name = std::move(name), id = std::move(id)] {
    return add_account(name, id);
  });
}

Task<KeyPtr> KeyStore::create_key(NewKey request) {
  return change_on<KeyPtr>(strand_,
                           [this, request = std::move(request)] { return add_key(request); });
}

Task<void> KeyStore::revoke_key(std::string key_id) {
  return change_on<void>(strand_,
                         [this, key_id = std::move(key_id)] { return remove_key(key_id); });
}

std::string KeyStore::new_account_id() {
  for (;;) {
    std::string id = random_text(random_, "01234567", 12);
    if (id[0] == '0') id[0] = '9';  // leading zeros are lost in other people's spreadsheets
    const std::lock_guard lock(mutex_);
    if (accounts_.count(id) == 0) return id;
  }
}

Result<Account> KeyStore::add_account(const std::string& name, const std::string& id) {
  if (!is_account_name(name)) {
    return Error(Errc::invalid, "The account name '" + name.substr(0, 100) +
                                    "' must be 1 to 64 letters, digits and - _ .");
  }
  if (!id.empty() && !model::is_account_id(id)) {
    return Error(Errc::invalid, "The account id '" + id.substr(0, 100) + "' must be 12 digits");
  }
  Account account{id.empty() ? new_account_id() : id, name, clock_.wall_now()};
  for (const Account& other : accounts()) {
    if (other.id == account.id) {
      return Error(Errc::conflict, "The account " + account.id + " exists already");
    }
    if (other.name == name) {
      return Error(Errc::conflict, "There is an account named " + name + " already: " + other.id);
    }
  }
  TRY(store_.put(kAccountBucket, account.id, encode(account)));
  const std::lock_guard lock(mutex_);
  accounts_[account.id] = account;
  return account;
}

Result<KeyPtr> KeyStore::add_key(const NewKey& request) {
  {
    const std::lock_guard lock(mutex_);
    if (accounts_.count(request.account_id) == 0) {
      return Error(Errc::invalid, "There is no account " + request.account_id.substr(0, 100) +
                                      "; proa account create makes one");
    }
    if (keys_.empty() && !request.rights.has(Right::admin)) {
      return Error(Errc::invalid,
                   "The first key must have the right admin: without one nobody could make another "
                   "key");
    }
  }
  if (request.rights.empty()) {
    return Error(Errc::invalid, "A key without rights is of no use; name some of them");
  }
  if (request.description.size() > kDescriptionMax || !is_plain(request.description)) {
    return Error(Errc::invalid,
                 "The description of a key must be up to 256 bytes without control characters");
  }
  Key key;
  key.id = "PROA" + random_text(random_, kIdAlphabet, 16);
  key.secret = random_text(random_, kSecretAlphabet, 40);
  key.account_id = request.account_id;
  key.principal = principal_of(key);
  key.description = request.description;
  key.rights = request.rights;
  key.created = clock_.wall_now();
  TRY(store_.put(kKeyBucket, key.id, encode(key)));
  auto shared = std::make_shared<const Key>(std::move(key));
  const std::lock_guard lock(mutex_);
  keys_[shared->id] = shared;
  is_on_.store(true, std::memory_order_release);
  return KeyPtr(shared);
}

Result<void> KeyStore::remove_key(const std::string& key_id) {
  const KeyPtr key = find(key_id);
  if (!key) return Error(Errc::not_found, "There is no key " + key_id.substr(0, 100));
  const auto all = keys();
  if (has_admin(key) && std::count_if(all.begin(), all.end(), has_admin) == 1) {
    return Error(Errc::conflict, "The key " + key_id +
                                     " is the last one with the right admin; make another one "
                                     "before revoking it");
  }
  TRY(store_.remove(kKeyBucket, key_id));
  const std::lock_guard lock(mutex_);
  keys_.erase(key_id);
  return ok();
}

}  // namespace proa::identity
