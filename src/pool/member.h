// Member: an environment of a pool, with the right to it.
#pragma once

#include "environment/environment.h"
#include "pool/budget.h"

#include <memory>
#include <utility>

namespace proa::pool {

/// Owned by the pool, or by the Lease of the call that runs in it. Pool::end() closes it.
struct Member {
  template <class... Arguments>
  explicit Member(Claim given, Arguments&&... arguments)
      : claim(std::move(given)), environment(std::forward<Arguments>(arguments)...) {}

  Claim claim;
  bool is_outdated = false;       ///< runs no call more than the one it has
  bool is_started_ahead = false;  ///< now: no call waits for it
  environment::Environment environment;
};

using MemberPtr = std::unique_ptr<Member>;

}  // namespace proa::pool
