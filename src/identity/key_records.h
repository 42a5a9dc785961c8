// Accounts and keys as records of the store. Private to identity/.
#pragma once

#include "identity/key_store.h"

#include <string>
#include <string_view>

namespace proa::identity {

std::string encode(const Account& account);
std::string encode(const Key& key);
/// Errc: corrupt (names the record), unsupported (written by a newer Proa).
Result<Account> decode_account(std::string_view record_key, std::string_view bytes);
Result<Key> decode_key(std::string_view record_key, std::string_view bytes);

/// "arn:aws:iam::ACCOUNT:user/KEYID".
std::string principal_of(const Key& key);

}  // namespace proa::identity
