// A shard: one thread with everything a call needs, and nothing shared on its way.
#pragma once

#include "api/api.h"
#include "base/clock.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "dispatch/admission.h"
#include "dispatch/shard_dispatcher.h"
#include "environment/environment.h"
#include "http/http.h"
#include "http/metrics.h"
#include "identity/identity.h"
#include "launcher/launcher.h"
#include "logs/log_keeper.h"
#include "model/live.h"
#include "network/network.h"
#include "pinning.h"
#include "pool/pool.h"
#include "sandbox/backends.h"
#include "tls/tls.h"

#include <boost/asio/io_context.hpp>

#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace proa::apps {

/// What all shards share; outlives them.
struct Shared {
  catalog::Catalog& catalog;
  dispatch::EventQueue& events;
  identity::KeyStore& keys;
  identity::RoleStore& roles;
  boost::asio::thread_pool& blocking;
  dispatch::Admission& admission;
  pool::IdleBoard& idle_board;
  pool::Budget& budget;
  const environment::RuntimePrograms& programs;
  Clock& clock;
  network::EnvironmentPolicies& policies;
  logs::LogKeeper& logs;
  telemetry::Logger log;
  std::chrono::microseconds spin{0};  ///< before a thread sleeps: see base/spin.h
  sandbox::GuestBuilder build_guest;
  const Pinning& pinning;
};

/// What a shard has counted; a value for whoever collects it (metrics.h).
struct ShardCounts {
  pool::PoolCounts pool;
  dispatch::CallCounts calls;
  http::ServerTotals http;
  api::ApiCounts api;
  std::uint64_t launcher_restarts = 0;
};

/// What lives on a shard at one moment.
struct ShardLife {
  std::vector<environment::EnvironmentReport> environments;
  std::vector<model::FunctionView> functions;
};

/// Constructed and connected by main before its thread starts; the members stand in the order of
/// the arrows of docs/architecture.md, bottom-up.
class Shard {
 public:
  Shard(std::size_t number, Shared shared, pool::PoolOptions pool_options, os::UniqueFd spawn,
        os::UniqueFd pool);
  ~Shard();

  /// The API on `listener`, by TLS where there is a certificate. Before run().
  Result<void> open(os::UniqueFd listener, api::ApiOptions options,
                    std::shared_ptr<const tls::ServerContext> certificate);
  /// Another certificate for new connections. Any thread.
  void use_tls(std::shared_ptr<const tls::ServerContext> certificate);
  /// Takes no more calls; those that run get until `deadline`. Main thread.
  void begin_stop(SteadyTime deadline);
  /// Waits for that. Main thread; blocks.
  void await_calls();
  /// Ends environments, then the thread. Main thread; blocks.
  void stop();
  /// Connections to new launcher roles. Any thread.
  void reconnect(os::UniqueFd spawn, os::UniqueFd pool);
  /// Where those below are awaited.
  boost::asio::any_io_executor executor() { return io_.get_executor(); }
  boost::asio::awaitable<pool::PoolCounts> count();
  boost::asio::awaitable<ShardCounts> collect();
  boost::asio::awaitable<dispatch::TakenSpans> take_spans();
  boost::asio::awaitable<void> retire_role(std::string account_id, std::string arn);
  boost::asio::awaitable<ShardLife> watch(std::optional<std::string> account_id);
  /// The pool role's status as JSON; empty when there is no answer.
  boost::asio::awaitable<std::string> host_status();
  /// For images; used on our executor.
  sandbox::SandboxFactory& containers() { return containers_; }
  /// See sandbox/microvm.h.
  Task<sandbox::BootReport> boot_guest(launcher::GuestPlan plan, std::chrono::milliseconds limit);
  std::unique_ptr<sandbox::AcceleratorChooser> accelerator_chooser();
  sandbox::TemplateMaker template_maker(boost::asio::any_io_executor blocking) {
    return {io_.get_executor(), launcher_, std::move(blocking)};
  }
  /// Sockets for the DNS service, from the pool role. Any thread but ours; blocks.
  Result<launcher::DnsGateway> open_gateway_dns();

  /// Starts the threads of all shards, which are open, and lets connections move between them.
  static void run_all(const std::vector<std::unique_ptr<Shard>>& shards);
  /// From now on each shard keeps its part of the interpreters started ahead of calls. The shards
  /// are running.
  static void keep_parked(const std::vector<std::unique_ptr<Shard>>& shards,
                          const environment::RuntimePrograms& programs);

  dispatch::ShardDispatcher& dispatcher() { return dispatcher_; }
  pool::Pool& pool() { return pool_; }

 private:
  void run();
  boost::asio::awaitable<void> close_server(SteadyTime deadline);
  boost::asio::awaitable<void> close_environments();

  boost::asio::io_context io_{1};
  std::unique_ptr<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  RandomSource random_;
  runtime_api::FunctionApi function_api_;  ///< our own api_, for function code; set by open()
  launcher::Client launcher_;
  sandbox::ContainerFactory containers_;
  sandbox::MicrovmFactory machines_;
  sandbox::Backends sandboxes_;
  std::optional<unsigned> processor_;  ///< that the thread and short calls stay on
  std::unique_ptr<environment::PinWatch> pins_;
  pool::Pool pool_;
  dispatch::ShardDispatcher dispatcher_;
  Shared shared_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<http::Server> server_;
  std::uint64_t launcher_restarts_ = 0;
  std::future<void> calls_ended_;
  std::thread thread_;
};

}  // namespace proa::apps
