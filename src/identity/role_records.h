// Roles as they lie in the store. Private to identity/.
#pragma once

#include "identity/role_store.h"

#include <string>
#include <string_view>

namespace proa::identity {

struct StoredRole {
  RoleEntry entry;
  RoleCredentials credentials;
};

/// "ACCOUNT/ARN".
std::string record_key(const RoleName& name);
/// JSON; whoever is done with it calls erase_secret().
std::string encode(const StoredRole& role);
/// Errc: corrupt (names the record), unsupported (written by a newer Proa).
Result<StoredRole> decode_role(std::string_view record_key, std::string_view bytes);

}  // namespace proa::identity
