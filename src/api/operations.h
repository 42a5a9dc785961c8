// All operations of Lambda's API: method, path, and what answers them here; those of CloudWatch
// Logs are in log_operations.h. Private to api/.
#pragma once

#include "api/api.h"
#include "base/task.h"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace proa::api {

/// What every operation works with. One per Api.
struct Context {
  catalog::Catalog& catalog;
  dispatch::Dispatcher& dispatcher;
  dispatch::EventQueue& events;
  identity::KeyStore& keys;
  identity::RoleStore& roles;
  logs::LogStore& logs;
  boost::asio::thread_pool& blocking;
  Clock& clock;
  const ApiOptions& options;
  RandomSource random;
  identity::SignatureVerifier verifier;
  ApiCounts counts = {};
  identity::SignatureVerifier log_verifier{"logs"};
};

/// One request on its way through an operation.
struct Call {
  http::Request& request;
  boost::container::small_vector<std::string_view, 4> parameters;  ///< decoded path parameters
  model::Scope scope;
  std::string request_id;
  std::size_t body_bytes = 0;  ///< of the body as it came; operations move from it
  identity::KeyPtr key;        ///< who signed; null with auth off and for function code
};

/// The function of the path, with the version or alias of the query. Errc: invalid.
Result<model::FunctionRef> decode_qualified(const Call& call);

/// Runs one operation. An Error becomes an answer by errors.cpp; faults that are no Error are
/// answered directly. Context and Call outlive the await.
using OperationTask = Task<http::Response> (*)(Context& context, Call& call);

struct Operation {
  std::string_view name;
  std::string_view method;
  std::string_view pattern;
  OperationTask run = nullptr;            ///< nullptr: recognised, "not supported by Proa yet"
  std::string_view action = {};           ///< the name in "too large" texts, if not `name`
  std::uint64_t body_limit = kSmallBody;  ///< bytes; no operation has a lower one
  std::string_view service = "lambda";    ///< that signatures are scoped to: or "logs"
  /// What it brings stays on the disk: refused when that is nearly full. Events are, too, by
  /// invoke.cpp.
  bool brings_bytes = false;
};

/// The table, Invoke first. Order matters where two patterns fit.
std::span<const Operation> operations();

// One file each.
Task<http::Response> invoke(Context& context, Call& call);
Task<http::Response> invoke_async(Context& context, Call& call);  // invoke.cpp
Task<http::Response> create_function(Context& context, Call& call);
Task<http::Response> get_function(Context& context, Call& call);
Task<http::Response> get_function_configuration(Context& context, Call& call);
Task<http::Response> list_functions(Context& context, Call& call);
Task<http::Response> update_function_code(Context& context, Call& call);
Task<http::Response> update_function_configuration(Context& context, Call& call);
Task<http::Response> delete_function(Context& context, Call& call);
Task<http::Response> tag_resource(Context& context, Call& call);
Task<http::Response> untag_resource(Context& context, Call& call);
Task<http::Response> list_tags(Context& context, Call& call);
Task<http::Response> get_account_settings(Context& context, Call& call);
// versions.cpp
Task<http::Response> publish_version(Context& context, Call& call);
Task<http::Response> list_versions_by_function(Context& context, Call& call);
// aliases.cpp
Task<http::Response> create_alias(Context& context, Call& call);
Task<http::Response> get_alias(Context& context, Call& call);
Task<http::Response> list_aliases(Context& context, Call& call);
Task<http::Response> update_alias(Context& context, Call& call);
Task<http::Response> delete_alias(Context& context, Call& call);
// function_urls.cpp
Task<http::Response> create_function_url_config(Context& context, Call& call);
Task<http::Response> get_function_url_config(Context& context, Call& call);
Task<http::Response> update_function_url_config(Context& context, Call& call);
Task<http::Response> delete_function_url_config(Context& context, Call& call);
Task<http::Response> list_function_url_configs(Context& context, Call& call);
// invoke_function_url.cpp
Task<http::Response> invoke_function_url(Context& context, Call& call);
// permissions.cpp
Task<http::Response> add_permission(Context& context, Call& call);
Task<http::Response> get_policy(Context& context, Call& call);
Task<http::Response> remove_permission(Context& context, Call& call);
// reserved_concurrency.cpp
Task<http::Response> put_function_concurrency(Context& context, Call& call);
Task<http::Response> get_function_concurrency(Context& context, Call& call);
Task<http::Response> delete_function_concurrency(Context& context, Call& call);
// event_invoke_config.cpp
Task<http::Response> put_function_event_invoke_config(Context& context, Call& call);
Task<http::Response> update_function_event_invoke_config(Context& context, Call& call);
Task<http::Response> get_function_event_invoke_config(Context& context, Call& call);
Task<http::Response> delete_function_event_invoke_config(Context& context, Call& call);
Task<http::Response> list_function_event_invoke_configs(Context& context, Call& call);
// layer_versions.cpp, but for the first
Task<http::Response> publish_layer_version(Context& context, Call& call);
Task<http::Response> get_layer_version(Context& context, Call& call);
Task<http::Response> get_layer_version_by_arn(Context& context, Call& call);
Task<http::Response> list_layer_versions(Context& context, Call& call);
Task<http::Response> list_layers(Context& context, Call& call);
Task<http::Response> delete_layer_version(Context& context, Call& call);
// /proa/v1: proa_endpoints.cpp.
Task<http::Response> health(Context& context, Call& call);
Task<http::Response> status(Context& context, Call& call);
Task<http::Response> get_metrics(Context& context, Call& call);  // metrics_endpoint.cpp
Task<http::Response> download_code(Context& context, Call& call);
Task<http::Response> download_layer(Context& context, Call& call);
// environments_endpoint.cpp
Task<http::Response> list_environments(Context& context, Call& call);
// explain_endpoint.cpp
Task<http::Response> explain_function(Context& context, Call& call);
// dead_letters.cpp
Task<http::Response> list_dead_letters(Context& context, Call& call);
Task<http::Response> get_dead_letter(Context& context, Call& call);
Task<http::Response> rerun_dead_letter(Context& context, Call& call);
Task<http::Response> delete_dead_letter(Context& context, Call& call);
// schedule_endpoints.cpp
Task<http::Response> create_schedule(Context& context, Call& call);
Task<http::Response> put_schedule(Context& context, Call& call);
Task<http::Response> get_schedule(Context& context, Call& call);
Task<http::Response> list_schedules(Context& context, Call& call);
Task<http::Response> delete_schedule(Context& context, Call& call);
Task<http::Response> run_schedule(Context& context, Call& call);
// uploads.cpp
Task<http::Response> create_upload(Context& context, Call& call);
Task<http::Response> get_upload(Context& context, Call& call);
Task<http::Response> put_upload_part(Context& context, Call& call);
Task<http::Response> delete_upload(Context& context, Call& call);
// logs_endpoint.cpp
Task<http::Response> read_logs(Context& context, Call& call);
// usage_endpoint.cpp
Task<http::Response> read_usage(Context& context, Call& call);
// role_endpoints.cpp
Task<http::Response> set_role(Context& context, Call& call);
Task<http::Response> list_roles(Context& context, Call& call);
Task<http::Response> delete_role(Context& context, Call& call);
// backups.cpp
Task<http::Response> create_backup(Context& context, Call& call);
Task<http::Response> read_backup(Context& context, Call& call);
Task<http::Response> delete_backup(Context& context, Call& call);
// runtime_endpoints.cpp
Task<http::Response> list_runtime_images(Context& context, Call& call);
Task<http::Response> add_runtime_image(Context& context, Call& call);
Task<http::Response> get_runtime_image(Context& context, Call& call);
Task<http::Response> delete_runtime_image(Context& context, Call& call);

// image_endpoints.cpp
Task<http::Response> list_images(Context& context, Call& call);
Task<http::Response> load_image(Context& context, Call& call);
Task<http::Response> get_image(Context& context, Call& call);
Task<http::Response> delete_image(Context& context, Call& call);
// kernel_endpoints.cpp
Task<http::Response> list_kernels(Context& context, Call& call);
Task<http::Response> add_kernel(Context& context, Call& call);
Task<http::Response> get_kernel(Context& context, Call& call);
Task<http::Response> verify_kernel(Context& context, Call& call);
Task<http::Response> measure_kernel(Context& context, Call& call);
Task<http::Response> sign_kernel(Context& context, Call& call);
Task<http::Response> delete_kernel(Context& context, Call& call);
// key_endpoints.cpp
Task<http::Response> create_account(Context& context, Call& call);
Task<http::Response> list_accounts(Context& context, Call& call);
Task<http::Response> create_key(Context& context, Call& call);
Task<http::Response> list_keys(Context& context, Call& call);
Task<http::Response> revoke_key(Context& context, Call& call);

}  // namespace proa::api
