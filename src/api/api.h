// The Lambda API over HTTP, the part of CloudWatch Logs' that reads, and /proa/v1 beside them.
//
// Nouns: Api (one a shard: turns an http::Request into an http::Response), operation (one of
// Lambda's or of CloudWatch Logs'; one file each). A shard's http::Server calls serve(); it calls
// catalog for what exists, dispatch for what runs and logs for what was printed. Parsing never does
// work: a request is decoded and checked completely before anything is asked of them. Only
// errors.cpp knows HTTP statuses and AWS's exception names. Runs on its shard's executor.
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html; long document:
// docs/reference/api-coverage.md.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "catalog/catalog.h"
#include "dispatch/dispatch.h"
#include "http/http.h"
#include "identity/identity.h"
#include "logs/logs.h"
#include "model/function_caller.h"
#include "model/live.h"
#include "telemetry/telemetry.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace proa::backup {
class BackupStore;
}

namespace proa::kernels {
class KernelStore;
struct AddedKernel;
struct Kernel;
struct Measurement;
}  // namespace proa::kernels

namespace proa::schedule {
class Schedules;
}

namespace proa::api {

/// Bytes that any operation takes as a body: only above need Api::body_limit() be asked.
inline constexpr std::uint64_t kSmallBody = 1024 * 1024;

/// How a guest kernel has booted.
struct KernelBoot {
  std::string accelerator;  ///< "kvm" or "tcg"
  std::string reason;       ///< for that one
  std::chrono::milliseconds took{0};
};

struct ApiOptions {
  std::string account_id = "000000000000";  ///< 12 digits; of every caller without keys
  std::string region = "us-east-1";         ///< for requests without a SigV4 credential scope
  /// Host names that are ours besides localhost, *.localhost, 127/8 and ::1; without port.
  std::vector<std::string> host_names;
  /// What GetAccountSettings tells; dispatch enforces it.
  std::uint32_t concurrent_executions = 1000;
  /// "x86_64" or "arm64": what functions can run on here, and the default for new ones.
  std::string architecture;
  telemetry::Logger log;
  /// The body of GET /proa/v1/status, made by whoever built the daemon's parts. Awaited on the
  /// shard.
  std::function<boost::asio::awaitable<boost::json::object>()> status;
  /// What runs now, likewise.
  std::function<boost::asio::awaitable<model::LiveView>(model::LiveQuery)> live;
  /// Ends the environments of an account's functions that have this role, idle ones at once.
  std::function<boost::asio::awaitable<void>(std::string account_id, std::string arn)> retire_role;
  /// What /proa/v1/schedules is about; outlives the Api. Null: not supported by this program.
  schedule::Schedules* schedules = nullptr;
  /// The body of GET /metrics, likewise.
  std::function<boost::asio::awaitable<std::string>()> metrics;
  /// Whoever knows it may read that (`--metrics-token-file`); empty: no such token.
  std::string metrics_token;
  /// Whether the disk has room for what a request brings; empty: always. Errc: exhausted.
  std::function<Result<void>()> check_room;
  /// Outlives the Api; null: there are no backups.
  backup::BackupStore* backups = nullptr;
  /// Likewise: guest kernels are not supported.
  kernels::KernelStore* kernels = nullptr;
  /// Boots a guest with this kernel and ends it once it answers; empty: no guests are supported.
  /// Errc: deadline or unavailable (it does not start; with the end of its console), exhausted, os.
  std::function<Task<KernelBoot>(const kernels::Kernel& kernel)> boot_kernel;
  /// Boots it some ten times to see what it takes, which is up to a minute without KVM; the rest
  /// likewise. Errc: also unsupported (as kernels::measure_kernel()).
  std::function<Task<kernels::Measurement>(const kernels::Kernel& kernel)> measure_kernel;
  /// Builds a variant of the guest kernel and stores it; empty: not supported by this program.
  /// Errc: as kernels::KernelBuilder::build().
  std::function<Task<kernels::AddedKernel>(std::string variant)> build_kernel;
  /// Of the calls that begin a trace, 0 to 1 say that it is recorded (model/trace_context.h).
  double trace_sample_share = 0;

  ApiOptions();
};

/// Why a request was refused before anything was asked of the parts below.
enum class DoorRefusal {
  missing_token,  ///< this and the next four: identity::Refusal
  incomplete_signature,
  unknown_key,
  expired_token,
  invalid_signature,
  no_right,       ///< the key may not do this
  web_page,       ///< without keys: what a browser may have sent
  metrics_token,  ///< GET /metrics without its token
};
inline constexpr std::size_t kDoorRefusals = 8;

/// What an Api has counted since it was made; a value.
struct ApiCounts {
  /// By operation, in the order of the table, and first digit of the status.
  using Requests = std::vector<std::array<std::uint64_t, 5>>;
  Requests requests;
  Requests inside;  ///< of function code
  std::array<std::uint64_t, kDoorRefusals> refusals{};

  ApiCounts& operator+=(const ApiCounts& other);
};

/// What an Api stands on; all of it outlives it.
struct ApiParts {
  catalog::Catalog& catalog;
  dispatch::Dispatcher& dispatcher;
  dispatch::EventQueue& events;
  identity::KeyStore& keys;
  identity::RoleStore& roles;
  logs::LogStore& logs;
  boost::asio::thread_pool& blocking;  ///< for hashing and decoding large bodies, reading archives
  Clock& clock;
};

/// Serves all of the API for one shard. Without keys ("auth: off") every request is one of the
/// default account, and those that a web page could have sent (an Origin header, a foreign Host)
/// are refused; with keys every request is verified first. Not thread-safe: one executor.
class Api {
 public:
  Api(const ApiParts& parts, ApiOptions options);
  ~Api();

  /// Answers one request; every failure becomes an answer. Moves from the request's body. For
  /// http::Server: `[&api](http::Request& request) { return api.serve(request); }`.
  boost::asio::awaitable<http::Response> serve(http::Request& request);
  /// The same for function code, on the socket inside its environment: signed with the
  /// environment's credentials, it may call functions of its account and nothing else.
  boost::asio::awaitable<http::Response> serve_function(http::Request& request,
                                                        const model::FunctionCaller& caller);
  /// For http::ServerOptions::body_limit: 6 MiB for Invoke, about 70 MB for code, 1 MiB else.
  std::uint64_t body_limit(const http::Request& request) const;
  const ApiCounts& counts() const;

 private:
  struct Parts;
  struct Target;
  boost::asio::awaitable<http::Response> answer(http::Request& request, std::string request_id);
  boost::asio::awaitable<http::Response> answer_function(http::Request& request,
                                                         const model::FunctionCaller& caller,
                                                         std::string request_id);
  boost::asio::awaitable<http::Response> answer_signed(http::Request& request,
                                                       std::string request_id);
  boost::asio::awaitable<http::Response> run(const Target& target, http::Request& request,
                                             model::Scope scope, std::string request_id,
                                             identity::KeyPtr key, ApiCounts::Requests& counted);
  std::unique_ptr<Parts> parts_;
};

}  // namespace proa::api
