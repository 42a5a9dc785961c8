#include "live.h"

#include "base/run_on.h"

#include <limits>
#include <optional>
#include <unordered_map>

namespace proa::apps {
namespace asio = boost::asio;

namespace {

std::optional<Bytes> known(Bytes bytes) {
  const bool is_unknown = bytes.count() == std::numeric_limits<std::uint64_t>::max();
  return is_unknown ? std::nullopt : std::optional(bytes);
}

}  // namespace

struct Live::Gathered {
  model::LiveView view;
  std::unordered_map<std::string, sandbox::UsageReader> readers;  ///< by environment
  std::size_t limit = 0;
};

asio::awaitable<Live::Gathered> Live::gather(const model::LiveQuery& query) const {
  Gathered all;
  all.limit = query.limit;
  std::vector<model::FunctionView> functions;
  for (const auto& shard : shards_) {
    ShardLife one = co_await await_on(shard->executor(), shard->watch(query.account_id));
    for (auto& environment : one.environments) {
      all.readers.emplace(environment.view.id, std::move(environment.usage));
      all.view.environments.push_back(std::move(environment.view));
    }
    for (auto& function : one.functions) functions.push_back(std::move(function));
  }
  all.view.functions = std::move(functions);
  co_return all;
}

// Blocks: reads the host and the control groups.
model::LiveView Live::view_of(Gathered gathered) const {
  model::LiveView view = std::move(gathered.view);
  view.functions = model::merged(std::move(view.functions));
  view.now = clock_.wall_now();
  view.began = began_;
  const pool::BudgetUse use = budget_.use();
  view.host.environments = use.environments;
  view.host.environments_max = budget_.options().environments_max;
  view.host.concurrency_max = account_concurrency_;
  view.host.memory_counted = use.memory_counted;
  view.host.memory_total = known(use.host.memory_total);
  view.host.memory_available = known(use.host.memory_available);
  view.host.memory_reserve = budget_.options().memory_reserve;
  for (const model::FunctionView& function : view.functions) {
    view.host.running += function.running;
    view.host.waiting += function.waiting;
  }
  model::keep_most_telling(view, gathered.limit);
  for (model::EnvironmentView& one : view.environments) {
    const sandbox::UsageReader& read = gathered.readers[one.id];
    if (!read) continue;
    const sandbox::SandboxUsage used = read();
    one.memory = used.memory;
    one.memory_peak = used.memory_peak;
    one.cpu_time = used.cpu_time;
  }
  return view;
}

asio::awaitable<model::LiveView> Live::collect(model::LiveQuery query) const {
  Gathered gathered = co_await gather(query);
  const auto make = [](const Live& me, Gathered from) -> asio::awaitable<model::LiveView> {
    co_return me.view_of(std::move(from));
  };
  auto work = make(*this, std::move(gathered));
  co_return co_await await_on(blocking_.get_executor(), std::move(work));
}

}  // namespace proa::apps
