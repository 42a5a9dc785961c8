// Work that would keep a shard from serving others goes to the blocking pool. Private to api/.
#pragma once

#include "base/encoding.h"
#include "base/run_on.h"
#include "base/task.h"
#include "http/http.h"

#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace proa::api {

/// From here on a body is large: hashing it takes 0.15 ms, decoding it more. A way to the pool and
/// back costs some 50 us.
inline constexpr std::size_t kLargeBody = 256 * 1024;

template <class T>
boost::asio::awaitable<std::optional<Result<T>>> run_work(std::function<Result<T>()> work) {
  co_return work();
}

/// Runs `work` on the pool and comes back to the caller's executor. `work` owns what it uses: it is
/// finished even when the caller was cancelled. Errc: cancelled, and those of `work`.
template <class T>
Task<T> off_shard(boost::asio::thread_pool& blocking, std::function<Result<T>()> work) {
  return run_boxed_on<T>(blocking.get_executor(), run_work<T>(std::move(work)));
}

/// The same for large bodies only; for others `work` runs here.
template <class T>
Task<T> off_shard_if_large(boost::asio::thread_pool& blocking, std::size_t body_bytes,
                           std::function<Result<T>()> work) {
  if (body_bytes < kLargeBody) co_return work();
  co_return co_await off_shard<T>(blocking, std::move(work));
}

/// The SHA-256 of a large body, made on the blocking pool: 70 MB would hold the shard for 35 ms.
inline boost::asio::awaitable<std::optional<Sha256Digest>> digest_if_large(
    boost::asio::thread_pool& blocking, http::Request& request) {
  if (request.body.size() < kLargeBody) co_return std::nullopt;
  // Shared, so that the work has its bytes even when this coroutine is cancelled.
  auto body = std::make_shared<std::string>(std::move(request.body));
  std::function<Result<Sha256Digest>()> work = [body] { return sha256(*body); };
  const auto digest = co_await off_shard<Sha256Digest>(blocking, std::move(work));
  request.body = std::move(*body);
  if (!digest) co_return std::nullopt;
  co_return digest.value();
}

}  // namespace proa::api
