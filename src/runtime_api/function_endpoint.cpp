#include "runtime_api/runtime_api.h"

#include <chrono>

namespace proa::runtime_api {
namespace {

http::ServerOptions endpoint_options() {
  http::ServerOptions options;
  // Events of calls; nothing larger is of use to function code here.
  options.body_limit = [](const http::Request&) -> std::uint64_t { return 6 * 1024 * 1024; };
  options.connections_max = 256;
  // SDKs keep their connections over the time that their environment is frozen.
  options.idle_timeout = std::chrono::hours(24 * 30);
  options.sweep_interval = std::chrono::seconds(30);
  return options;
}

}  // namespace

Result<std::unique_ptr<FunctionEndpoint>> FunctionEndpoint::create(
    boost::asio::any_io_executor executor, os::UniqueFd listener, model::FunctionCaller caller,
    const FunctionApi& api) {
  std::shared_ptr<State> state(new State{std::move(caller), {}});
  auto answer = [state, &api](http::Request& request) {
    const bool has_trace =
        request.headers.find("X-Amzn-Trace-Id") || request.headers.find("traceparent");
    if (!has_trace && !state->trace_id.empty()) {
      request.headers.add("X-Amzn-Trace-Id", state->trace_id);
    }
    return api(request, state->caller);
  };
  auto server = std::make_unique<http::Server>(std::move(executor), std::move(listener),
                                               std::move(answer), endpoint_options());
  TRY(server->start());
  return std::unique_ptr<FunctionEndpoint>(
      new FunctionEndpoint(std::move(state), std::move(server)));
}

}  // namespace proa::runtime_api
