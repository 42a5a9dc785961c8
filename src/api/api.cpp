#include "api/api.h"

#include "api/caller.h"
#include "api/errors.h"
#include "api/operations.h"

namespace proa::api {
namespace {

#if defined(__aarch64__)
constexpr std::string_view kHostArchitecture = "arm64";
#else
constexpr std::string_view kHostArchitecture = "x86_64";
#endif

Error unknown_path(const http::Request& request) {
  return Error(Errc::not_found, "There is no operation " + request.method + " " +
                                    std::string(request.raw_path().substr(0, 200)));
}

}  // namespace

ApiOptions::ApiOptions() : architecture(kHostArchitecture) {}

struct Api::Parts {
  Parts(catalog::Catalog& catalog, dispatch::Dispatcher& dispatcher, Clock& clock,
        ApiOptions given_options)
      : options(std::move(given_options)), context{catalog, dispatcher, clock, options, {}} {
    int id = 0;
    for (const Operation& operation : operations()) {
      router.add(operation.method, operation.pattern, id++);
    }
  }
  const ApiOptions options;
  Context context;
  http::Router router;
};

Api::Api(catalog::Catalog& catalog, dispatch::Dispatcher& dispatcher, Clock& clock,
         ApiOptions options)
    : parts_(std::make_unique<Parts>(catalog, dispatcher, clock, std::move(options))) {}

Api::~Api() = default;

std::uint64_t Api::body_limit(const http::Request& request) const {
  const auto match = parts_->router.find(request);
  if (!match) return Operation{}.body_limit;
  return operations()[static_cast<std::size_t>(match->id)].body_limit;
}

boost::asio::awaitable<http::Response> Api::serve(http::Request& request) {
  std::string request_id = parts_->context.random.uuid();
  http::Response response = co_await answer(request, request_id);
  response.headers.add("x-amzn-RequestId", request_id);
  co_return response;
}

boost::asio::awaitable<http::Response> Api::answer(http::Request& request, std::string request_id) {
  Context& context = parts_->context;
  const auto allowed = check_not_a_browser(request, context.options);
  if (!allowed) co_return error_response(allowed.error());
  co_return co_await run(request, scope_of(request, context.options), std::move(request_id));
}

boost::asio::awaitable<http::Response> Api::serve_function(http::Request& request,
                                                           const model::FunctionCaller& caller) {
  std::string request_id = parts_->context.random.uuid();
  http::Response response = co_await answer_function(request, caller, request_id);
  response.headers.add("x-amzn-RequestId", request_id);
  co_return response;
}

boost::asio::awaitable<http::Response> Api::answer_function(http::Request& request,
                                                            const model::FunctionCaller& caller,
                                                            std::string request_id) {
  const auto allowed = check_function(request, caller);
  if (!allowed) co_return error_response(allowed.error());
  const auto match = parts_->router.find(request);
  if (match) {
    const Operation& operation = operations()[static_cast<std::size_t>(match->id)];
    const auto may = check_function_right(operation.name, caller);
    if (!may) co_return error_response(may.error());
  }
  model::Scope scope;
  scope.account_id = caller.function->account_id;
  scope.region = caller.function->region;
  co_return co_await run(request, std::move(scope), std::move(request_id));
}

boost::asio::awaitable<http::Response> Api::run(http::Request& request, model::Scope scope,
                                                std::string request_id) {
  Context& context = parts_->context;
  auto match = parts_->router.find(request);
  if (!match) co_return fault_response(Fault::unknown_operation, unknown_path(request).message());
  const Operation& operation = operations()[static_cast<std::size_t>(match->id)];
  if (operation.run == nullptr) {
    const Error refused(Errc::unsupported,
                        std::string(operation.name) + " is not supported by Proa yet");
    co_return error_response(refused);
  }
  if (request.is_body_too_large) {
    const auto action = operation.action.empty() ? operation.name : operation.action;
    co_return body_too_large(action, operation.body_limit);
  }
  Call call{request, std::move(match->parameters), std::move(scope), std::move(request_id)};
  auto result = co_await operation.run(context, call);
  if (result) co_return std::move(result).value();
  http::Response refused = error_response(result.error());
  if (refused.status >= 500) {
    context.options.log.error("request_failed", {{"operation", operation.name},
                                                 {"request_id", call.request_id},
                                                 {"status", refused.status},
                                                 {"errc", to_string(result.error().code())},
                                                 {"reason", result.error().message()}});
  }
  co_return refused;
}

}  // namespace proa::api
