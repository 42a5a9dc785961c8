// The Dispatcher of one shard.
#pragma once

#include "catalog/catalog.h"
#include "dispatch/admission.h"
#include "dispatch/dispatch.h"
#include "pool/pool.h"

#include <boost/asio/any_io_executor.hpp>

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace proa::dispatch {

/// Resolves, admits, places: here, or on another shard that has an idle environment of the version
/// when ours has none. Owned by its shard.
class ShardDispatcher final : public Dispatcher {
 public:
  ShardDispatcher(boost::asio::any_io_executor executor, catalog::Catalog& catalog,
                  Admission& admission, pool::Pool& pool);

  /// All shards' dispatchers in the order of their numbers, this one included. Call once, before
  /// the shards run.
  void set_peers(std::vector<ShardDispatcher*> peers) { peers_ = std::move(peers); }

  Task<model::InvocationResult> invoke(model::FunctionRef ref,
                                       model::Invocation invocation) override;

 private:
  Task<model::InvocationResult> run_here(model::FunctionPtr function,
                                         const model::Invocation& invocation);
  Task<model::InvocationResult> run_on(ShardDispatcher& peer, model::FunctionPtr function,
                                       const model::Invocation& invocation);

  boost::asio::awaitable<void> run_into(model::FunctionPtr function,
                                        const model::Invocation& invocation,
                                        std::optional<Result<model::InvocationResult>>& out);
  std::uint32_t all_reserved(const model::FunctionVersion& function);

  boost::asio::any_io_executor executor_;
  catalog::Catalog& catalog_;
  Admission& admission_;
  pool::Pool& pool_;
  std::vector<ShardDispatcher*> peers_;
  std::unordered_map<std::string, std::uint32_t> reserved_;  ///< of an account and region
  std::uint64_t reserved_generation_ = 0;
};

}  // namespace proa::dispatch
