// Keys and where they are found. Part of identity/'s public face, through identity.h.
#pragma once

#include "base/units.h"
#include "identity/rights.h"

#include <memory>
#include <string>
#include <string_view>

namespace proa::identity {

/// Credentials of somebody, and whose they are. Immutable once shared. Also for temporary
/// credentials: then `session_token` is set, and a request must bring it.
struct Key {
  std::string id;
  std::string secret;         ///< never logged, never answered but once
  std::string session_token;  ///< empty for keys that last
  std::string account_id;
  std::string principal;    ///< for texts: "arn:aws:iam::ACCOUNT:user/NAME"
  std::string description;  ///< the owner's words
  Rights rights;
  WallTime created;
  WallTime expires = WallTime::max();
};
/// Shared by the store, verifiers' caches and requests under way: any may end last.
using KeyPtr = std::shared_ptr<const Key>;

/// Where a verifier finds keys. find() is called for every request; it must not wait.
class KeyLookup {
 public:
  virtual ~KeyLookup() = default;
  /// Nothing when there is no such key.
  virtual KeyPtr find(std::string_view key_id) const = 0;
};

}  // namespace proa::identity
