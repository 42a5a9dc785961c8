#include "api/api.h"

#include "api/authorize.h"
#include "api/caller.h"
#include "api/errors.h"
#include "api/log_operations.h"
#include "api/metrics_endpoint.h"
#include "api/off_shard.h"
#include "api/operations.h"
#include "api/url_request.h"

#include <algorithm>
#include <array>

namespace proa::api {
namespace {

#if defined(__aarch64__)
constexpr std::string_view kHostArchitecture = "arm64";
#else
constexpr std::string_view kHostArchitecture = "x86_64";
#endif

http::Response unknown_operation(const http::Request& request) {
  std::string text = "There is no operation ";
  if (is_log_request(request)) {
    text.append(request.headers.find("X-Amz-Target").value_or("").substr(0, 200));
  } else {
    text.append(request.method).append(" ").append(request.raw_path().substr(0, 200));
  }
  return fault_response(Fault::unknown_operation, text);
}

http::Response unsupported_operation(const Operation& operation) {
  const Error refused(Errc::unsupported,
                      std::string(operation.name) + " is not supported by Proa yet");
  // Not an InvalidParameterException as with Lambda's: half of these operations declare none.
  if (operation.service == "logs") {
    return fault_response(Fault::unknown_operation, refused.message());
  }
  return error_response(refused);
}

/// The answer for an operation that Proa has not got, else for a body that is too large for it.
http::Response refuse(const Operation& operation) {
  if (operation.run == nullptr) return unsupported_operation(operation);
  const auto action = operation.action.empty() ? operation.name : operation.action;
  return body_too_large(action, operation.body_limit);
}

}  // namespace

ApiOptions::ApiOptions() : architecture(kHostArchitecture) {}

/// What a request asks for: an operation, null when there is none, where it counts, and what its
/// path names.
struct Api::Target {
  const Operation* operation = nullptr;
  std::size_t counter = 0;
  boost::container::small_vector<std::string_view, 4> parameters;
};

struct Api::Parts {
  Parts(const ApiParts& parts, ApiOptions given_options)
      : options(std::move(given_options)),
        context{parts.catalog,
                parts.dispatcher,
                parts.events,
                parts.keys,
                parts.roles,
                parts.logs,
                parts.blocking,
                parts.clock,
                options,
                {},
                identity::SignatureVerifier()} {
    context.counts.requests.resize(operations().size() + log_operations().size());
    context.counts.inside.resize(context.counts.requests.size());
    int id = 0;
    for (const Operation& operation : operations()) {
      if (operation.run == invoke_function_url) url_operation = static_cast<std::size_t>(id);
      router.add(operation.method, operation.pattern, id++);
    }
  }
  Target find(const http::Request& request) const {
    if (const auto url = find_url_request(request)) {
      return {&operations()[url_operation], url_operation, {url->id}};
    }
    auto match = router.find(request);
    if (match) {
      const auto index = static_cast<std::size_t>(match->id);
      return {&operations()[index], index, std::move(match->parameters)};
    }
    const auto index = find_log_operation(request);
    if (!index) return {};
    return {&log_operations()[*index], operations().size() + *index, {}};
  }
  /// That accepts just the service that the request speaks to.
  identity::SignatureVerifier& verifier_for(const http::Request& request) {
    return is_log_request(request) ? context.log_verifier : context.verifier;
  }
  void count(DoorRefusal refusal) { ++context.counts.refusals[static_cast<std::size_t>(refusal)]; }
  const ApiOptions options;
  std::size_t url_operation = 0;  ///< its place in the table
  Context context;
  http::Router router;
};

Api::Api(const ApiParts& parts, ApiOptions options)
    : parts_(std::make_unique<Parts>(parts, std::move(options))) {}

Api::~Api() = default;

const ApiCounts& Api::counts() const { return parts_->context.counts; }

std::uint64_t Api::body_limit(const http::Request& request) const {
  const Operation* const operation = parts_->find(request).operation;
  const std::uint64_t usual = Operation{}.body_limit;
  if (operation == nullptr) return usual;
  if (is_public(*operation)) return operation->body_limit;
  if (!parts_->context.keys.is_on()) return operation->body_limit;
  // Who has no key here need not send 70 MB to hear so.
  const auto key_id = identity::claimed_key_id(request);
  const bool is_known = key_id && parts_->context.keys.find(*key_id) != nullptr;
  return is_known ? operation->body_limit : std::min(usual, operation->body_limit);
}

boost::asio::awaitable<http::Response> Api::serve(http::Request& request) {
  std::string request_id = parts_->context.random.uuid();
  http::Response response = co_await answer(request, request_id);
  if (is_log_request(request)) response = in_json_protocol(std::move(response));
  response.headers.add("x-amzn-RequestId", request_id);
  co_return response;
}

boost::asio::awaitable<http::Response> Api::answer(http::Request& request, std::string request_id) {
  Context& context = parts_->context;
  const bool has_keys = context.keys.is_on();
  if (asks_metrics(request)) {
    const MetricsDoor door = metrics_door(request, context.options, has_keys);
    if (door == MetricsDoor::closed) {
      parts_->count(DoorRefusal::metrics_token);
      co_return metrics_refusal(context.options, has_keys);
    }
    if (door == MetricsDoor::open && has_keys) {
      const Target target = parts_->find(request);
      co_return co_await run(target, request, scope_of(request, context.options),
                             std::move(request_id), nullptr, context.counts.requests);
    }
  }
  if (has_keys) co_return co_await answer_signed(request, std::move(request_id));
  const Target target = parts_->find(request);
  const bool is_for_browsers =
      target.operation != nullptr && target.operation->run == invoke_function_url;
  const auto allowed = check_not_a_browser(request, context.options);
  if (!allowed && !is_for_browsers) {
    parts_->count(DoorRefusal::web_page);
    co_return error_response(allowed.error());
  }
  co_return co_await run(target, request, scope_of(request, context.options), std::move(request_id),
                         nullptr, context.counts.requests);
}

boost::asio::awaitable<http::Response> Api::answer_signed(http::Request& request,
                                                          std::string request_id) {
  Context& context = parts_->context;
  const Target target = parts_->find(request);
  const Operation* const operation = target.operation;
  const bool is_free = operation != nullptr && is_public(*operation);
  model::Scope scope;
  scope.account_id = context.options.account_id;
  scope.region = context.options.region;
  // A body that was not kept cannot be verified; the answer to it tells nothing.
  if (is_free || request.is_body_too_large) {
    co_return co_await run(target, request, std::move(scope), std::move(request_id), nullptr,
                           context.counts.requests);
  }
  const auto digest = co_await digest_if_large(context.blocking, request);
  auto verdict =
      parts_->verifier_for(request).verify(request, context.clock.wall_now(), context.keys, digest);
  if (!verdict.key) {
    parts_->count(static_cast<DoorRefusal>(verdict.refusal));
    co_return refusal_response(verdict);
  }
  scope.account_id = verdict.key->account_id;
  scope.region = verdict.region;
  if (operation != nullptr) {
    const std::span<const std::string_view> parameters(target.parameters.data(),
                                                       target.parameters.size());
    const auto may = check_rights(*operation, request, parameters, scope, *verdict.key);
    if (!may) {
      parts_->count(DoorRefusal::no_right);
      co_return error_response(may.error());
    }
  }
  co_return co_await run(target, request, std::move(scope), std::move(request_id),
                         std::move(verdict.key), context.counts.requests);
}

boost::asio::awaitable<http::Response> Api::serve_function(http::Request& request,
                                                           const model::FunctionCaller& caller) {
  std::string request_id = parts_->context.random.uuid();
  http::Response response = co_await answer_function(request, caller, request_id);
  if (is_log_request(request)) response = in_json_protocol(std::move(response));
  response.headers.add("x-amzn-RequestId", request_id);
  co_return response;
}

boost::asio::awaitable<http::Response> Api::answer_function(http::Request& request,
                                                            const model::FunctionCaller& caller,
                                                            std::string request_id) {
  Context& context = parts_->context;
  const FunctionKey key(caller);
  const auto digest = co_await digest_if_large(context.blocking, request);
  const auto verdict =
      parts_->verifier_for(request).verify(request, context.clock.wall_now(), key, digest);
  if (!verdict.key) {
    parts_->count(static_cast<DoorRefusal>(verdict.refusal));
    co_return refusal_response(verdict);
  }
  const Target target = parts_->find(request);
  if (target.operation != nullptr) {
    const auto may = check_function_right(*target.operation, caller);
    if (!may) {
      parts_->count(DoorRefusal::no_right);
      co_return error_response(may.error());
    }
  }
  model::Scope scope;
  scope.account_id = caller.function->account_id;
  scope.region = caller.function->region;
  co_return co_await run(target, request, std::move(scope), std::move(request_id), nullptr,
                         context.counts.inside);
}

// `counted` is where the answer counts by its operation.
boost::asio::awaitable<http::Response> Api::run(const Target& target, http::Request& request,
                                                model::Scope scope, std::string request_id,
                                                identity::KeyPtr key,
                                                ApiCounts::Requests& counted) {
  Context& context = parts_->context;
  if (target.operation == nullptr) co_return unknown_operation(request);
  const Operation& operation = *target.operation;
  const auto count = [&row = counted[target.counter]](const http::Response& response) {
    ++row[static_cast<std::size_t>(std::clamp(response.status / 100, 1, 5) - 1)];
  };
  if (operation.run == nullptr || request.is_body_too_large) {
    auto refused = refuse(operation);
    count(refused);
    co_return refused;
  }
  if (context.options.check_room && operation.brings_bytes) {
    if (const auto room = context.options.check_room(); !room) {
      auto refused = error_response(room.error());
      count(refused);
      co_return refused;
    }
  }
  Call call{request,
            target.parameters,
            std::move(scope),
            std::move(request_id),
            request.body.size(),
            std::move(key)};
  auto result = co_await operation.run(context, call);
  if (result) {
    count(result.value());  // not moved through: it is the warm path
    co_return std::move(result).value();
  }
  http::Response refused = error_response(result.error());
  if (refused.status >= 500) {
    context.options.log.error("request_failed", {{"operation", operation.name},
                                                 {"request_id", call.request_id},
                                                 {"status", refused.status},
                                                 {"errc", to_string(result.error().code())},
                                                 {"reason", result.error().message()}});
  }
  count(refused);
  co_return refused;
}

}  // namespace proa::api
