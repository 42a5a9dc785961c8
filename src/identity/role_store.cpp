#include "identity/role_store.h"

#include "base/run_on.h"
#include "identity/role_records.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace proa::identity {
namespace asio = boost::asio;
namespace {

constexpr std::string_view kBucket = "roles";
constexpr std::size_t kKeyIdMax = 128;  ///< of AWS's API
constexpr std::size_t kSecretMax = 256;
constexpr std::size_t kTokenMax = 16 * 1024;
constexpr std::size_t kArnMax = 512;

/// Visible characters of ASCII, which is what signatures are made of.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

Result<void> check(std::string_view what, std::string_view text, std::size_t most) {
  if (!text.empty() && text.size() <= most && is_visible(text)) return ok();
  return Error(Errc::invalid,
               std::string(what) + " must be 1 to " + std::to_string(most) + " visible characters");
}

Result<void> check(const NewRole& role) {
  if (role.name.arn.size() > kArnMax || !is_role_arn(role.name.arn)) {
    return Error(Errc::invalid, "'" + role.name.arn.substr(0, 100) +
                                    "' is no role: arn:aws:iam::123456789012:role/NAME is one");
  }
  const RoleCredentials& given = role.credentials;
  TRY(check("The access key id", given.access_key_id, kKeyIdMax));
  TRY(check("The secret access key", given.secret_access_key, kSecretMax));
  if (given.session_token.empty()) return ok();
  return check("The session token", given.session_token, kTokenMax);
}

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void erase_secret(std::string& text) {
  ::OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

RoleCredentials::~RoleCredentials() {
  erase_secret(secret_access_key);
  erase_secret(session_token);
}

bool is_role_arn(std::string_view arn) {
  if (!arn.starts_with("arn:aws")) return false;
  const std::size_t partition_end = arn.find(':', 4);
  constexpr std::string_view kService = ":iam::";
  constexpr std::size_t kAccountSize = 12;
  if (partition_end == std::string_view::npos) return false;
  arn.remove_prefix(partition_end);
  if (!arn.starts_with(kService)) return false;
  arn.remove_prefix(kService.size());
  constexpr std::string_view kRole = ":role/";
  const bool has_account = arn.size() > kAccountSize && is_digits(arn.substr(0, kAccountSize));
  if (!has_account) return false;
  arn.remove_prefix(kAccountSize);
  return arn.starts_with(kRole) && arn.size() > kRole.size() && is_visible(arn);
}

Result<std::unique_ptr<RoleStore>> RoleStore::open(storage::KeyValueStore& store,
                                                   asio::thread_pool& blocking, Clock& clock) {
  std::unique_ptr<RoleStore> roles(new RoleStore(store, blocking, clock));
  TRY(roles->load());
  return roles;
}

Result<void> RoleStore::load() {
  TRY(auto entries, store_.list(kBucket));
  for (auto& entry : entries) {
    auto role = decode_role(entry.key, entry.value);
    erase_secret(entry.value);
    if (!role) return role.error();
    StoredRole& stored = role.value();
    Role& kept = roles_[stored.entry.name];
    kept.entry = stored.entry;
    kept.credentials = std::make_shared<const RoleCredentials>(std::move(stored.credentials));
  }
  return ok();
}

RoleCredentialsPtr RoleStore::find(const RoleName& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = roles_.find(name);
  return found == roles_.end() ? nullptr : found->second.credentials;
}

std::vector<RoleEntry> RoleStore::entries() const {
  const std::lock_guard lock(mutex_);
  std::vector<RoleEntry> list;
  for (const auto& [name, role] : roles_) list.push_back(role.entry);
  return list;
}

Task<RoleEntry> RoleStore::set(NewRole role) {
  // Shared: a std::function must be copyable, and credentials are not.
  auto shared = std::make_shared<NewRole>(std::move(role));
  return change_on<RoleEntry>(strand_, [this, shared] { return put(*shared); });
}

Task<void> RoleStore::remove(RoleName name) {
  return change_on<void>(strand_, [this, name = std::move(name)] { return erase(name); });
}

Result<RoleEntry> RoleStore::put(NewRole& role) {
  TRY(check(role));
  StoredRole stored;
  stored.entry.name = role.name;
  stored.entry.set = clock_.wall_now();
  stored.entry.is_temporary = !role.credentials.session_token.empty();
  stored.entry.expires = role.expires;
  stored.credentials = std::move(role.credentials);
  std::string record = encode(stored);
  const auto written = store_.put(kBucket, record_key(role.name), record);
  erase_secret(record);
  if (!written) return written.error();
  const std::lock_guard lock(mutex_);
  Role& kept = roles_[role.name];
  kept.entry = stored.entry;
  kept.credentials = std::make_shared<const RoleCredentials>(std::move(stored.credentials));
  return kept.entry;
}

Result<void> RoleStore::erase(const RoleName& name) {
  if (!find(name)) {
    return Error(Errc::not_found, "There are no credentials for the role " +
                                      name.arn.substr(0, kArnMax) + " of account " +
                                      name.account_id.substr(0, 100));
  }
  TRY(store_.remove(kBucket, record_key(name)));
  const std::lock_guard lock(mutex_);
  roles_.erase(name);
  return ok();
}

}  // namespace proa::identity
