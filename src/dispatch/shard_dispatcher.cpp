#include "dispatch/shard_dispatcher.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <limits>

namespace proa::dispatch {
namespace asio = boost::asio;

ShardDispatcher::ShardDispatcher(asio::any_io_executor executor, catalog::Catalog& catalog,
                                 Admission& admission, pool::Pool& pool)
    : executor_(std::move(executor)), catalog_(catalog), admission_(admission), pool_(pool) {}

Task<model::InvocationResult> ShardDispatcher::invoke(model::FunctionRef ref,
                                                      model::Invocation invocation) {
  CO_TRY(auto function, catalog_.resolve(ref));
  CO_TRY(auto record, catalog_.find(ref));
  CO_TRY(auto slot,
         admission_.enter(*function, record->reserved_concurrency, all_reserved(*function)));
  if (!pool_.has_idle(function)) {
    // Another shard's warm environment beats a start of our own: 60 us of wake-ups against 5 ms.
    const auto shard = pool_.other_shard_with_idle(function);
    if (shard && *shard < peers_.size())
      co_return co_await run_on(*peers_[*shard], function, invocation);
  }
  co_return co_await run_here(std::move(function), invocation);
}

// Summed again only when the catalog has changed.
std::uint32_t ShardDispatcher::all_reserved(const model::FunctionVersion& function) {
  const std::uint64_t generation = catalog_.generation();
  if (generation != reserved_generation_) {
    reserved_.clear();
    reserved_generation_ = generation;
  }
  model::Scope scope;
  scope.account_id = function.account_id;
  scope.region = function.region;
  const auto known = reserved_.find(scope.account_id + scope.region);
  if (known != reserved_.end()) return known->second;
  std::uint32_t sum = 0;
  for (const auto& record : catalog_.list(scope, "", std::numeric_limits<std::size_t>::max())) {
    sum += record->reserved_concurrency.value_or(0);
  }
  reserved_.emplace(scope.account_id + scope.region, sum);
  return sum;
}

// `invocation` and `out` live in our caller's frame, which waits; the peer's executor has them
// alone.
Task<model::InvocationResult> ShardDispatcher::run_on(ShardDispatcher& peer,
                                                      model::FunctionPtr function,
                                                      const model::Invocation& invocation) {
  std::optional<Result<model::InvocationResult>> out;
  auto remote = peer.run_into(std::move(function), invocation, out);
  co_await asio::co_spawn(peer.executor_, std::move(remote), asio::use_awaitable);
  co_return std::move(*out);
}

asio::awaitable<void> ShardDispatcher::run_into(
    model::FunctionPtr function, const model::Invocation& invocation,
    std::optional<Result<model::InvocationResult>>& out) {
  out.emplace(co_await run_here(std::move(function), invocation));
}

Task<model::InvocationResult> ShardDispatcher::run_here(model::FunctionPtr function,
                                                        const model::Invocation& invocation) {
  // An environment may break while it is idle or being thawed; nothing of the call ran then, so
  // another is tried. Twice is chance, more is a broken host.
  constexpr int attempts = 3;
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto lease, co_await pool_.lease(function));
    auto result = co_await lease.environment().invoke(invocation, lease.start());
    if (result || result.error().code() != Errc::unavailable || attempt == attempts)
      co_return result;
  }
}

}  // namespace proa::dispatch
