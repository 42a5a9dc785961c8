#include "shard.h"

#include "base/spin.h"
#include "capacity.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <pthread.h>

#include <future>

namespace proa::apps {
namespace asio = boost::asio;
namespace {

environment::EnvironmentParts parts_of(asio::io_context& io, sandbox::SandboxFactory& sandboxes,
                                       Clock& clock, RandomSource& random,
                                       const runtime_api::FunctionApi& function_api,
                                       const environment::PinWatch* pins) {
  return {io.get_executor(), sandboxes, clock, random, &function_api, {}, pins, nullptr};
}

std::optional<unsigned> processor_of(const Pinning& pinning, std::size_t shard) {
  if (pinning.of_shard.empty()) return std::nullopt;
  return pinning.of_shard[shard];
}

std::unique_ptr<environment::PinWatch> pins_of(asio::io_context& io, const Pinning& pinning,
                                               std::optional<unsigned> processor) {
  if (!processor) return nullptr;
  return std::make_unique<environment::PinWatch>(io.get_executor(), std::to_string(*processor),
                                                 pinning.all);
}

pool::PoolHooks hooks_of(catalog::Catalog& catalog, Clock& clock, telemetry::Logger log) {
  pool::PoolHooks hooks;
  hooks.is_current = [&catalog](const model::FunctionVersion& function) {
    model::FunctionRef ref;
    ref.account_id = function.account_id;
    ref.region = function.region;
    ref.name = function.name;
    ref.qualifier = function.version;
    auto now = catalog.resolve(ref);
    return now && now.value()->revision_id == function.revision_id;
  };
  hooks.placed = PlacementLog(clock, std::move(log));
  return hooks;
}

/// A function's own account names its roles: another account's role of the same name is none of it.
void apply_role(const identity::RoleStore& roles, model::FunctionCaller& caller) {
  const auto found = roles.find({caller.function->account_id, caller.function->role});
  if (!found) return;
  caller.access_key_id = found->access_key_id;
  caller.secret_access_key = found->secret_access_key;
  caller.session_token = found->session_token;
}

}  // namespace

Shard::Shard(std::size_t number, Shared shared, pool::PoolOptions pool_options, os::UniqueFd spawn,
             os::UniqueFd pool)
    : work_(std::make_unique<asio::executor_work_guard<asio::io_context::executor_type>>(
          io_.get_executor())),
      launcher_(io_.get_executor(), std::move(spawn), std::move(pool),
                [&policies = shared.policies](launcher::SlotId slot,
                                              std::optional<launcher::Network> network) {
                  policies.set(slot, network);
                }),
      containers_(io_.get_executor(), launcher_),
      machines_(io_.get_executor(), launcher_, shared.build_guest),
      sandboxes_(containers_, machines_),
      processor_(processor_of(shared.pinning, number)),
      pins_(pins_of(io_, shared.pinning, processor_)),
      pool_(
          [&] {
            auto parts =
                parts_of(io_, sandboxes_, shared.clock, random_, function_api_, pins_.get());
            parts.log = shared.log.for_module("environment");
            parts.logs = &shared.logs.add_shard(io_.get_executor());
            parts.apply_role = [&roles = shared.roles](model::FunctionCaller& caller) {
              apply_role(roles, caller);
            };
            return parts;
          }(),
          shared.programs, shared.idle_board, shared.budget,
          [&] {
            pool_options.shard = number;
            return pool_options;
          }(),
          hooks_of(shared.catalog, shared.clock, shared.log.for_module("pool"))),
      dispatcher_(io_.get_executor(), shared.catalog, shared.admission, pool_, shared.clock),
      shared_(shared) {}

Shard::~Shard() {
  if (!thread_.joinable()) return;
  begin_stop(shared_.clock.steady_now());
  stop();
}

Result<void> Shard::open(os::UniqueFd listener, api::ApiOptions options,
                         std::shared_ptr<const tls::ServerContext> certificate) {
  options.log = shared_.log.for_module("api");
  const api::ApiParts parts{shared_.catalog, dispatcher_,  shared_.events,   shared_.keys,
                            shared_.roles,   shared_.logs, shared_.blocking, shared_.clock};
  api_ = std::make_unique<api::Api>(parts, std::move(options));
  function_api_ = [this](http::Request& request, const model::FunctionCaller& caller) {
    return api_->serve_function(request, caller);
  };
  http::ServerOptions server_options;
  server_options.small_body = api::kSmallBody;
  server_options.body_limit = [this](const http::Request& request) {
    return api_->body_limit(request);
  };
  server_ = std::make_unique<http::Server>(
      io_.get_executor(), std::move(listener),
      [this](http::Request& request) { return api_->serve(request); }, std::move(server_options));
  server_->use_tls(std::move(certificate));
  return server_->start();
}

void Shard::use_tls(std::shared_ptr<const tls::ServerContext> certificate) {
  asio::post(io_, [this, certificate = std::move(certificate)] { server_->use_tls(certificate); });
}

void Shard::run_all(const std::vector<std::unique_ptr<Shard>>& shards) {
  std::vector<http::Server*> servers;
  servers.reserve(shards.size());
  for (const auto& shard : shards) servers.push_back(shard->server_.get());
  for (const auto& shard : shards) shard->server_->set_peers(servers);
  for (const auto& shard : shards) shard->run();
}

void Shard::keep_parked(const std::vector<std::unique_ptr<Shard>>& shards,
                        const environment::RuntimePrograms& programs) {
  for (std::size_t i = 0; i < shards.size(); ++i) {
    auto parked = parked_programs(programs, i, shards.size());
    asio::post(shards[i]->io_, [&pool = shards[i]->pool_, parked = std::move(parked)] {
      pool.keep_parked(parked);
    });
  }
}

void Shard::run() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "proa-shard");
    if (processor_ && !bind_thread(*processor_)) shared_.log.warn("shard_not_pinned");
    run_spinning(io_, shared_.spin, [this] { return dispatcher_.in_flight(); });
  });
}

void Shard::begin_stop(SteadyTime deadline) {
  calls_ended_ = asio::co_spawn(io_, close_server(deadline), asio::use_future);
}

void Shard::await_calls() { calls_ended_.get(); }

void Shard::stop() {
  asio::co_spawn(io_, close_environments(), [this](std::exception_ptr) { work_.reset(); });
  thread_.join();
}

asio::awaitable<void> Shard::close_server(SteadyTime deadline) {
  if (server_) (void)co_await server_->close(deadline);
  (void)co_await pool_.stop_parking();
}

asio::awaitable<void> Shard::close_environments() {
  (void)co_await pool_.close();
  launcher_.disconnect();
}

void Shard::reconnect(os::UniqueFd spawn, os::UniqueFd pool) {
  shared_.log.warn("launcher_restarted");
  // std::function-like handlers must be copyable in Asio 1.81's post: shared ownership for the hop.
  auto fds =
      std::make_shared<std::pair<os::UniqueFd, os::UniqueFd>>(std::move(spawn), std::move(pool));
  asio::post(io_, [this, fds] {
    ++launcher_restarts_;
    launcher_.reconnect(std::move(fds->first), std::move(fds->second));
  });
}

asio::awaitable<pool::PoolCounts> Shard::count() { co_return pool_.counts(); }

asio::awaitable<ShardCounts> Shard::collect() {
  ShardCounts counts;
  counts.pool = pool_.counts();
  counts.calls = dispatcher_.collect();
  if (server_) counts.http.add(*server_);
  if (api_) counts.api = api_->counts();
  counts.launcher_restarts = launcher_restarts_;
  co_return counts;
}

asio::awaitable<dispatch::TakenSpans> Shard::take_spans() { co_return dispatcher_.take_spans(); }

asio::awaitable<void> Shard::retire_role(std::string account_id, std::string arn) {
  pool_.retire_all([&](const model::FunctionVersion& function) {
    return function.account_id == account_id && function.role == arn;
  });
  co_return;
}

asio::awaitable<ShardLife> Shard::watch(std::optional<std::string> account_id) {
  ShardLife life;
  life.environments = pool_.reports(account_id);
  life.functions = dispatcher_.functions(account_id);
  co_return life;
}

asio::awaitable<std::string> Shard::host_status() {
  auto status = co_await launcher_.pool_status();
  co_return status ? std::move(status.value()) : std::string();
}

Task<sandbox::BootReport> Shard::boot_guest(launcher::GuestPlan plan,
                                            std::chrono::milliseconds limit) {
  co_return co_await sandbox::boot_guest(io_.get_executor(), launcher_, std::move(plan), limit);
}

std::unique_ptr<sandbox::AcceleratorChooser> Shard::accelerator_chooser() {
  return std::make_unique<sandbox::AcceleratorChooser>(io_.get_executor(), launcher_);
}

Result<launcher::DnsGateway> Shard::open_gateway_dns() {
  using Answer = Result<launcher::DnsGateway>;
  std::promise<Answer> promise;
  auto answer = promise.get_future();
  asio::co_spawn(
      io_,
      [](launcher::Client& launcher, std::promise<Answer>& out) -> asio::awaitable<void> {
        out.set_value(co_await launcher.open_gateway_dns());
      }(launcher_, promise),
      [](std::exception_ptr) {});
  return answer.get();
}

}  // namespace proa::apps
