// proa serve: constructs every part in the order of the arrows, connects them, runs until a signal.
// Reading serve() top to bottom is reading the architecture.
#include "base/run_on.h"
#include "capacity.h"
#include "daemon_metrics.h"
#include "daemon_status.h"
#include "events.h"
#include "guests.h"
#include "inside_files.h"
#include "languages.h"
#include "live.h"
#include "network/network.h"
#include "os/file.h"
#include "os/host.h"
#include "otlp/metrics.h"
#include "otlp/otlp.h"
#include "privileges.h"
#include "secret_file.h"
#include "serve_options.h"
#include "service_manager.h"
#include "shard.h"
#include "storage/data_format.h"
#include "stores.h"
#include "telemetry_export.h"
#include "timed_runs.h"
#include "tls_files.h"
#include "watch.h"

#include <boost/json.hpp>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

namespace proa::apps {
namespace {

namespace fs = std::filesystem;

using Shards = std::vector<std::unique_ptr<Shard>>;

/// What is opened while root and kept.
struct Ground {
  DaemonUser user;
  os::UniqueFd data_lock;
  std::vector<os::UniqueFd> listeners;
  std::string address;      ///< of the listeners: --listen with the port that it has
  bool is_loopback = true;  ///< nobody else can reach the listeners
  os::UniqueFd s3_folder;   ///< none without --s3-folder
  os::UniqueFd init_program;
  fs::path runtimes;
  std::optional<kernels::SigningKey> kernel_key;
  std::string metrics_token;
  std::vector<std::pair<std::string, std::string>> otlp_headers;
  environment::FoundInterpreters interpreters;
  BundledPackages bundled;
  launcher::LauncherProcess launcher;
  launcher::RoleConnections roles;
};

fs::path runtimes_folder(const ServeOptions& options) {
  return options.runtimes.empty() ? beside_program("../share/proa/runtimes") : options.runtimes;
}

launcher::LauncherConfig launcher_config(const ServeOptions& options, const DaemonUser& user,
                                         std::uint32_t shards) {
  launcher::LauncherConfig config;
  config.data_folder = fs::absolute(options.data);
  config.runtimes_folder = runtimes_folder(options);
  config.init_program = own_program("proa-init");
  config.shards = shards;
  config.max_slots = options.max_environments + kWorkSlots;
  config.daemon_uid = user.uid;
  config.daemon_gid = user.gid;
  config.cpu_policy =
      options.cpu_policy == "quota" ? launcher::CpuPolicy::quota : launcher::CpuPolicy::weight;
  config.resolv_conf = inside_resolv_conf();
  config.uplink = launcher::parse_uplink_mode(options.uplink).value();  // checked by the option
  config.may_enable_forwarding = options.enable_forwarding;
  return config;
}

// Everything that needs root, then never again root.
Result<Ground> prepare(const ServeOptions& options, std::uint32_t shards) {
  if (::geteuid() != 0) {
    return Error(Errc::denied,
                 "proa serve must be started as root for now (it becomes another user at once): "
                 "try sudo proa serve");
  }
  TRY(os::raise_descriptor_limit());  // before the launcher is made, which inherits it
  Ground ground;
  ground.runtimes = runtimes_folder(options);
  TRY(auto user, find_user(options.user));
  ground.user = std::move(user);
  TRY(prepare_data_folder(options.data, ground.user));
  TRY(auto lock, lock_data_folder(options.data));
  ground.data_lock = std::move(lock);
  TRY(storage::note_data_format(options.data));
  TRY(ground.is_loopback, is_loopback(options.listen));
  if (!ground.is_loopback && !options.plain_http && options.tls_certificate.empty()) {
    return Error(Errc::invalid,
                 "--listen " + options.listen +
                     ": other hosts could reach this address, so it wants TLS: --tls-cert and "
                     "--tls-key, or --plain-http where something else protects the way; and keys");
  }
  if (!options.s3_folder.empty()) {
    auto folder = os::open_file(options.s3_folder, O_PATH | O_DIRECTORY);
    if (!folder) return folder.error().with_context("--s3-folder");
    ground.s3_folder = std::move(folder.value());
  }
  if (!options.metrics_token_file.empty()) {
    TRY(ground.metrics_token, read_token(options.metrics_token_file, "--metrics-token-file"));
  }
  if (!options.otlp_headers_file.empty()) {
    TRY(const auto text, read_secret(options.otlp_headers_file, "--otlp-headers-file"));
    auto headers = otlp::parse_headers(text);
    if (!headers) return headers.error().with_context("--otlp-headers-file");
    ground.otlp_headers = std::move(headers.value());
  }
  TRY(auto listeners, listen_on(options.listen, shards));
  ground.listeners = std::move(listeners);
  TRY(ground.address, address_of(ground.listeners.front().get(), options.listen));
  const fs::path program =
      options.launcher.empty() ? own_program("proa-launcher") : options.launcher;
  TRY(auto interpreters, search_interpreters(options));
  ground.interpreters = std::move(interpreters);
  auto config = launcher_config(options, ground.user, shards);
  TRY(ground.init_program, os::open_file(config.init_program, O_RDONLY));
  TRY(auto bundled, find_bundled(options));
  ground.bundled = std::move(bundled);
  TRY(ground.kernel_key, kernels::read_signing_key(kernel_key_file(options)));
  config.kernel_key = ground.kernel_key->key.public_half();
  config.mounts = mounts_of(ground.interpreters, ground.bundled);
  TRY(auto launcher, launcher::start_launcher(program, config));
  ground.launcher = std::move(launcher);
  auto roles = launcher::receive_roles(ground.launcher.socket.get());
  if (!roles)
    return Error(Errc::unavailable, "proa-launcher did not start; its own message stands above");
  ground.roles = std::move(roles.value());
  TRY(become(ground.user));
  TRY(environment::complete_versions(ground.interpreters));
  return ground;
}

GuestRoot guest_root(const ServeOptions& options, const Ground& ground) {
  return {ground.interpreters.interpreters,
          {runtimes_folder(options), ground.bundled.python, ground.bundled.node_modules},
          inside_resolv_conf()};
}

sandbox::TemplateOptions template_options(const ServeOptions& options) {
  sandbox::TemplateOptions out;
  if (options.templates == "off") out.sharing = sandbox::TemplateSharing::off;
  if (options.templates == "strict") out.sharing = sandbox::TemplateSharing::strict;
  out.most = Bytes::mib(options.template_mib);
  out.renewal = std::chrono::minutes(options.template_minutes);
  return out;
}

boost::json::object fixed_status(const ServeOptions& options, const Ground& ground,
                                 const environment::RuntimePrograms& programs,
                                 const Pinning& pinning) {
  boost::json::object out;
  out["version"] = PROA_VERSION;
  out["user"] = ground.user.text;
  out["isolation"] = options.isolation;
  out["shards"] = ground.listeners.size();
  out["pinning"] = pinning.of_shard.empty() ? "off: " + pinning.why_not : "on";
  out["interpreters"] = interpreters_status(programs);
  out["bundled"] = ground.bundled.status();
  out["runtime_match"] = programs.is_exact() ? "exact" : "nearest";
  return out;
}

void tell_manager(const std::string& state, const telemetry::Logger& log) {
  if (const auto told = tell_service_manager(state); !told) {
    log.warn("service_manager_not_told", {{"reason", told.error().message()}});
  }
}

// A download would hold the blocking pool, and a machine its shard.
void stop_making(kernels::KernelStore& kernels, Guests& guests) {
  kernels.stop();
  guests.stop();
}

void say_stopping(const ServeOptions& options, const telemetry::Logger& log) {
  log.info("stopping", {{"stop_timeout_s", options.stop_timeout_s}});
  // The manager's own patience does not know --stop-timeout.
  const auto patience = std::chrono::seconds(options.stop_timeout_s) + std::chrono::seconds(30);
  tell_manager("STOPPING=1\nEXTEND_TIMEOUT_USEC=" +
                   std::to_string(std::chrono::microseconds(patience).count()),
               log);
}

void say_ready(const ServeOptions& options, const Ground& ground, const boost::json::object& status,
               const identity::KeyStore& keys, const telemetry::Logger& log) {
  std::string uplink;
  const auto* host = status.if_contains("host");
  if (host != nullptr && host->is_object()) {
    const auto& network = host->as_object().at("network").as_object();
    uplink = "; network: " + std::string(network.at("uplink").as_string());
    if (const auto* reason = network.if_contains("reason")) {
      uplink += " (" + std::string(reason->as_string()) + ")";
    }
  }
  const char* scheme = options.tls_certificate.empty() ? "http" : "https";
  std::printf("proa serves %s://%s as account %s; auth: %s; user: %s%s\n", scheme,
              ground.address.c_str(), options.account_id.c_str(), keys.is_on() ? "on" : "off",
              ground.user.text.c_str(), uplink.c_str());
  std::fflush(stdout);
  tell_manager("READY=1", log);
  log.info("serving", {{"listen", ground.address}, {"shards", ground.listeners.size()}});
}

boost::asio::awaitable<boost::json::object> status_with_auth(const DaemonStatus& daemon_status,
                                                             const identity::KeyStore& keys) {
  auto status = co_await daemon_status.collect();
  status["auth"] = keys.is_on() ? "on" : "off";
  co_return status;
}

boost::asio::awaitable<void> retire_role(const Shards& shards, std::string account_id,
                                         std::string arn) {
  for (const auto& shard : shards) {
    co_await await_on(shard->executor(), shard->retire_role(account_id, arn));
  }
}

/// Who answers what the API is asked about the daemon.
struct Tellers {
  const DaemonStatus& status;
  const DaemonMetrics& metrics;
  const Live& live;
  TimedRuns& timed_runs;
  Guests& guests;
};

api::ApiOptions api_options_of(const ServeOptions& options, const Tellers& tellers,
                               const Shards& shards, const Stores& state, const Ground& ground) {
  api::ApiOptions out;
  out.account_id = options.account_id;
  out.region = options.region;
  out.metrics_token = ground.metrics_token;
  out.concurrent_executions = options.account_concurrency;
  if (!options.otlp_endpoint.empty()) {
    out.trace_sample_share = options.trace_sample_percent / 100;
  }
  out.metrics = [&metrics = tellers.metrics] { return metrics.text(); };
  out.live = [&live = tellers.live](model::LiveQuery query) {
    return live.collect(std::move(query));
  };
  out.status = [&status = tellers.status, &keys = *state.keys] {
    return status_with_auth(status, keys);
  };
  out.backups = state.backups.get();
  out.kernels = state.kernels.get();
  out.boot_kernel = [&guests = tellers.guests](const kernels::Kernel& kernel) {
    return guests.boot(kernel);
  };
  out.measure_kernel = [&guests = tellers.guests](const kernels::Kernel& kernel) {
    return guests.measure_kernel(kernel);
  };
  out.build_kernel = [&guests = tellers.guests](std::string variant) {
    return guests.build_kernel(std::move(variant));
  };
  out.check_room = [&disk = *state.disk] { return disk.check_room(); };
  out.schedules = &tellers.timed_runs.schedules();
  out.retire_role = [&shards](std::string account_id, std::string arn) {
    return retire_role(shards, std::move(account_id), std::move(arn));
  };
  return out;
}

logs::KeeperOptions keeper_options(const ServeOptions& options) {
  logs::KeeperOptions out;
  out.logs_folder = options.data / "logs";
  out.usage_folder = options.data / "usage";
  out.log_age_max = std::chrono::hours(24) * options.log_days;
  out.logs_max = Bytes::mib(options.log_mib);
  out.usage_age_max = std::chrono::hours(24) * options.usage_days;
  out.usage_max = Bytes::mib(options.usage_mib);
  return out;
}

/// One for each of the launcher's connections, knowing each other.
Shards make_shards(const Shared& shared, const ServeOptions& options,
                   launcher::RoleConnections& roles) {
  const std::size_t count = roles.spawn.size();
  const pool::PoolOptions of_pool = pool_options(options, count);
  Shards shards;
  std::vector<dispatch::ShardDispatcher*> dispatchers;
  for (std::size_t i = 0; i < count; ++i) {
    shards.push_back(std::make_unique<Shard>(i, shared, of_pool, std::move(roles.spawn[i]),
                                             std::move(roles.pool[i])));
    dispatchers.push_back(&shards.back()->dispatcher());
  }
  for (const auto& shard : shards) shard->dispatcher().set_peers(dispatchers);
  return shards;
}

TelemetryExport::Options export_options(const ServeOptions& options, Ground& ground, Clock& clock,
                                        const telemetry::Logger& log) {
  TelemetryExport::Options out;
  if (options.otlp_endpoint.empty()) return out;
  out.exporter.endpoint = otlp::parse_endpoint(options.otlp_endpoint).value();  // was checked
  out.exporter.headers = std::move(ground.otlp_headers);
  out.identity = identity_of_this_start(clock);
  out.metrics_every = std::chrono::seconds(options.otlp_metrics_interval_s);
  out.data = options.data;
  out.log = log.for_module("otlp");
  return out;
}

/// What is sent to a collector, and the tracing that it needs; null without --otlp-endpoint.
std::unique_ptr<TelemetryExport> make_export(TelemetryExport::Options wanted,
                                             const ServeOptions& options, const Shards& shards,
                                             DaemonMetrics& metrics, logs::LogKeeper& logs,
                                             Clock& clock) {
  if (options.otlp_endpoint.empty()) {
    metrics.add([](telemetry::MetricPage& page) { otlp::describe(nullptr, 0, page); });
    return nullptr;
  }
  auto made = std::make_unique<TelemetryExport>(std::move(wanted), shards, metrics, logs, clock);
  metrics.add([&exporter = *made](telemetry::MetricPage& page) { exporter.describe(page); });
  dispatch::CallTracer::Options tracing;
  tracing.sample_share = options.trace_sample_percent / 100;
  for (const auto& shard : shards) shard->dispatcher().trace_calls(tracing);
  return made;
}

std::chrono::microseconds spin_of(const ServeOptions& options) {
  return std::chrono::microseconds(options.spin_us);
}

SteadyTime stop_deadline(const ServeOptions& options, Clock& clock) {
  return clock.steady_now() + std::chrono::seconds(options.stop_timeout_s);
}

/// Null without --tls-cert.
Result<std::unique_ptr<TlsFiles>> open_tls(const ServeOptions& options, const DaemonUser& user,
                                           Clock& clock, const telemetry::Logger& log) {
  if (options.tls_certificate.empty()) return std::unique_ptr<TlsFiles>();
  return TlsFiles::open({fs::absolute(options.tls_certificate), fs::absolute(options.tls_key)},
                        user, clock, log.for_module("tls"));
}

void tell_of(TimedRuns& timed_runs, const TlsFiles* tls, const Guests& guests, DaemonStatus& status,
             DaemonMetrics& metrics) {
  status.add("guests", [&guests] { return guests.status(); });
  status.add("schedules", [&timed_runs] { return timed_runs.status(); });
  metrics.add([&timed_runs](telemetry::MetricPage& page) { timed_runs.describe(page); });
  metrics.add([tls](telemetry::MetricPage& page) { TlsFiles::describe(tls, page); });
  if (tls != nullptr) status.add("tls", [tls] { return tls->status(); });
}

Result<void> open_all(const Shards& shards, Ground& ground, const api::ApiOptions& options,
                      const TlsFiles* tls) {
  for (std::size_t i = 0; i < shards.size(); ++i) {
    TRY(shards[i]->open(std::move(ground.listeners[i]), options,
                        tls != nullptr ? tls->context() : nullptr));
  }
  return ok();
}

void reload(TlsFiles* tls, const Shards& shards, const telemetry::Logger& log) {
  if (tls == nullptr) {
    log.info("nothing_to_reload", {{"reason", "without --tls-cert all is read at the start only"}});
    return;
  }
  if (!tls->reload()) return;  // it has told why
  for (const auto& shard : shards) shard->use_tls(tls->context());
}

void start(const Shards& shards, Events& events, TimedRuns& timed_runs, TelemetryExport* exporter) {
  events.start(shards);
  timed_runs.start();
  if (exporter != nullptr) exporter->start();
}

// Last: the launcher makes an environment for each, and answers nothing else meanwhile.
void make_ready_ahead(const Shards& shards, const environment::RuntimePrograms& programs,
                      Guests& guests) {
  Shard::keep_parked(shards, programs);
  guests.begin_choice();
}

// All calls first: one may run on another shard than the one that answers it. What is exported
// comes from shards that still run.
void stop(const Shards& shards, Events& events, TimedRuns& timed_runs, TelemetryExport* exporter,
          logs::LogKeeper& logs, SteadyTime deadline) {
  logs.end_waits();
  for (auto& shard : shards) shard->begin_stop(deadline);
  timed_runs.stop();
  events.stop(deadline);
  for (auto& shard : shards) shard->await_calls();
  if (exporter != nullptr) exporter->stop();
  for (auto& shard : shards) shard->stop();
  logs.close();
}

/// It removes what it made on the host.
void end_launcher(Ground& ground, network::DnsService& dns) {
  dns.stop();  // its sockets would keep the router's namespace
  ground.launcher.socket.reset();
  ::waitpid(ground.launcher.pid, nullptr, 0);
}

std::uint32_t shards_wanted(const ServeOptions& options) {
  if (options.shards != 0) return options.shards;
  return std::clamp(std::thread::hardware_concurrency(), 1U, 32U);
}

StoreGround store_ground(Ground& ground) {
  return {ground.is_loopback, std::move(ground.s3_folder),  std::move(ground.init_program),
          ground.runtimes,    std::move(ground.kernel_key), image_files(),
          root_additions()};
}

Result<int> run(const ServeOptions& options) {
  const std::uint32_t shard_count = shards_wanted(options);
  const Signals signals;
  TRY(auto ground, prepare(options, shard_count));
  SystemClock clock;
  const auto log_sink = telemetry::log_to_stderr();
  const telemetry::LogOutput log_output{*log_sink, clock,
                                        *telemetry::parse_level(options.log_level)};
  const telemetry::Logger log(log_output, "proa");
  TRY(const auto tls, open_tls(options, ground.user, clock, log));
  log_interpreters(ground.interpreters, log.for_module("environment"));
  boost::asio::thread_pool blocking(2);
  const environment::RuntimePrograms programs(
      ground.interpreters.interpreters, {options.is_runtime_exact, !ground.bundled.python.empty()});
  TRY(const auto state, open_stores(options, store_ground(ground), programs, blocking, clock));
  dispatch::Admission admission(options.account_concurrency);
  pool::IdleBoard idle_board;
  pool::Budget budget(budget_options(options), read_host);
  Events events(options, *state.catalog, clock, log, budget, idle_board);
  TRY(const auto timed, TimedRuns::open(options, {events, *state.catalog, blocking, clock, log}));
  logs::LogKeeper logs(keeper_options(options), clock, log.for_module("logs"));
  TRY(logs.open());
  network::EnvironmentPolicies policies;
  network::DnsService dns(kResolvConf, policies);
  const Pinning pinning = choose_pinning(options, shard_count, allowed_processors());
  Guests guests(
      {*state.kernels, *state.images, blocking, log.for_module("guests"), template_memory(budget)},
      guest_root(options, ground), template_options(options));
  const Shared shared{
      *state.catalog, events.queue(), *state.keys, *state.roles,     blocking,
      admission,      idle_board,     budget,      programs,         clock,
      policies,       logs,           log,         spin_of(options), guests.builder(),
      pinning};
  const auto shards = make_shards(shared, options, ground.roles);
  DaemonStatus daemon_status(shards, events.queue(), logs, *state.disk, blocking,
                             fixed_status(options, ground, programs, pinning));
  DaemonMetrics metrics(shards, events.queue(), blocking,
                        {options.account_concurrency, options.max_environments, state.disk.get()});
  const auto guests_connection = guests.connect(*shards.front());
  tell_of(*timed, tls.get(), guests, daemon_status, metrics);
  const auto exporter = make_export(export_options(options, ground, clock, log), options, shards,
                                    metrics, logs, clock);
  const Live live(shards, budget, blocking, clock, options.account_concurrency);
  const auto api_options = api_options_of(options, {daemon_status, metrics, live, *timed, guests},
                                          shards, state, ground);
  TRY(open_all(shards, ground, api_options, tls.get()));
  Shard::run_all(shards);
  connect_dns(shards, dns);
  start(shards, events, *timed, exporter.get());
  say_ready(options, ground, daemon_status.wait(), *state.keys, log);
  make_ready_ahead(shards, programs, guests);
  const int status = watch({signals, ground.launcher.socket.get(), shards, dns,
                            [&] { reload(tls.get(), shards, log); }});
  say_stopping(options, log);
  stop_making(*state.kernels, guests);
  stop(shards, events, *timed, exporter.get(), logs, stop_deadline(options, clock));
  end_launcher(ground, dns);
  blocking.join();
  return status;
}

}  // namespace

int serve(const ServeOptions& options) {
  auto status = run(options);
  if (status) return status.value();
  std::fprintf(stderr, "proa: %s\n", status.error().message().c_str());
  // Wrong settings stay wrong: a service manager need not try again (package/proa.service).
  return status.error().code() == Errc::invalid ? 2 : 1;
}

}  // namespace proa::apps
