// Waiting for news of a log on behalf of a client. Private to api/.
#pragma once

#include "api/operations.h"

#include <optional>

namespace proa::api {

/// How long a request is held at most.
inline constexpr std::chrono::seconds kLogWaitMax{20};

/// LogStore::wait() that also ends when the client goes or the daemon stops: whether there is
/// something behind `after`. Never fails: what cannot be waited for is answered at once.
boost::asio::awaitable<bool> wait_for_events(Context& context, Call& call, logs::GroupKey group,
                                             std::optional<logs::LogPosition> after,
                                             SteadyTime deadline);

}  // namespace proa::api
