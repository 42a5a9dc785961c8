#include "runtime_api/http_session.h"

#include "base/encoding.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>

namespace proa::runtime_api {
namespace asio = boost::asio;
namespace {

constexpr std::string_view kPrefix = "2018-06-01";
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

http::Response json_answer(int status, std::string body) {
  http::Response response(status);
  response.headers.add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

http::Response accepted() { return json_answer(202, "{\"status\":\"OK\"}\n"); }

http::Response refused(int status, std::string_view type, std::string_view message) {
  boost::json::object body;
  body["errorMessage"] = message;
  body["errorType"] = type;
  return json_answer(status, boost::json::serialize(body));
}

const char* name_of(HttpSession::State::Phase phase);

/// Lambda's answer to a request that fits no edge of the state machine.
http::Response not_allowed(HttpSession::State::Phase from, std::string_view to) {
  std::string text = std::string("State transition from ") + name_of(from) + " to ";
  text.append(to).append(" failed for runtime. Error: State transition is not allowed");
  return refused(403, "InvalidStateTransition", text);
}

/// The JSON of a reported error. Passed on as the runtime wrote it; one that reports nothing but
/// the type in its header gets a body that says so.
std::string error_json(http::Request& request) {
  if (!request.body.empty()) return std::move(request.body);
  boost::json::object body;
  body["errorMessage"] = "";
  body["errorType"] =
      request.headers.find("Lambda-Runtime-Function-Error-Type").value_or("Runtime.Unknown");
  return boost::json::serialize(body);
}

/// A streamed answer reports a failure behind its bytes, in trailers (Lambda's documentation of
/// custom runtimes, "Response streaming in a custom runtime").
std::optional<Failed> failure_in_trailers(const http::Request& request) {
  const auto type = request.trailers.find("Lambda-Runtime-Function-Error-Type");
  if (!type) return std::nullopt;
  const auto encoded = request.trailers.find("Lambda-Runtime-Function-Error-Body").value_or("");
  auto body = from_base64(encoded);
  if (body && !body->empty()) return Failed{std::move(*body)};
  boost::json::object made;
  made["errorMessage"] = "";
  made["errorType"] = *type;
  return Failed{boost::json::serialize(made)};
}

http::ServerOptions server_options() {
  http::ServerOptions options;
  options.body_limit = [](const http::Request&) -> std::uint64_t { return kMaxAnswer; };
  options.connections_max = 64;
  // A frozen runtime keeps its connection for as long as its environment lives, and a streamed
  // answer may pause for as long as the function may run.
  options.idle_timeout = std::chrono::hours(24 * 30);
  options.stall_timeout = std::chrono::minutes(16);
  options.sweep_interval = std::chrono::seconds(30);
  return options;
}

}  // namespace

/// A /next that waits for an event. Its coroutine owns it: when that is cancelled, it is gone.
struct HttpSession::State::NextWaiter {
  explicit NextWaiter(const asio::any_io_executor& executor) : wake(executor, SteadyTime::max()) {}
  asio::steady_timer wake;
  std::optional<http::Response> response;
};

Result<std::unique_ptr<RuntimeSession>> HttpSession::create(asio::any_io_executor executor,
                                                            os::UniqueFd listener) {
  auto state = std::make_shared<State>(executor);
  std::unique_ptr<HttpSession> session(new HttpSession(state));
  session->server_ = std::make_unique<http::Server>(
      executor, std::move(listener),
      [state](http::Request& request) { return state->serve(request); }, server_options());
  TRY(session->server_->start());
  return std::unique_ptr<RuntimeSession>(std::move(session));
}

HttpSession::~HttpSession() {
  state_->offered = nullptr;
  state_->wake.cancel();
}

Task<std::string> HttpSession::parked(SteadyTime) { co_return std::string(); }

void HttpSession::process_ended() {
  state_->is_process_gone = true;
  state_->wake.cancel();
}

asio::awaitable<InitOutcome> HttpSession::init(Configuration, SteadyTime deadline) {
  const auto state = state_;
  while (!state->init_outcome && !state->is_process_gone) {
    if (std::chrono::steady_clock::now() >= deadline) co_return TimedOut{};
    co_await state->wait(deadline);
  }
  if (state->init_outcome) co_return std::move(*state->init_outcome);
  co_return Gone{};
}

asio::awaitable<CallOutcome> HttpSession::call(const model::Invocation& invocation,
                                               WallTime function_deadline, SteadyTime deadline) {
  const auto state = state_;
  state->call_outcome.reset();
  state->offered = &invocation;
  state->function_deadline = function_deadline;
  state->deliver();
  while (!state->call_outcome && !state->is_process_gone) {
    if (std::chrono::steady_clock::now() >= deadline) break;
    co_await state->wait(deadline);
  }
  state->offered = nullptr;
  if (state->call_outcome) co_return std::move(*state->call_outcome);
  if (state->is_process_gone) co_return Gone{};
  co_return TimedOut{};
}

asio::awaitable<void> HttpSession::State::wait(SteadyTime deadline) {
  wake.expires_at(deadline);
  co_await wake.async_wait(kAwait);
}

asio::awaitable<http::Response> HttpSession::State::serve(http::Request& request) {
  const auto& path = request.segments;
  const bool is_ours = path.size() >= 3 && path[0] == kPrefix && path[1] == "runtime";
  const bool is_post = request.method == "POST";
  const std::string_view area = is_ours ? std::string_view(path[2]) : std::string_view();
  if (area == "invocation" && path.size() == 4 && path[3] == "next" && request.method == "GET") {
    co_return co_await next();
  }
  if (area == "invocation" && path.size() == 5 && is_post) {
    if (path[4] == "response") co_return take_response(request, path[3]);
    if (path[4] == "error") co_return take_error(request, path[3]);
  }
  if (area == "init" && path.size() == 4 && path[3] == "error" && is_post) {
    co_return take_init_error(request);
  }
  const bool is_extension = !path.empty() && (path[0] == "2020-01-01" || path[0] == "2022-07-01" ||
                                              path[0] == "2020-08-15");
  if (is_extension) {
    co_return refused(501, "Extension.NotSupported",
                      "The Extensions, Telemetry and Logs APIs are not supported by Proa yet");
  }
  co_return refused(404, "NotFound",
                    "There is no " + request.method + " " +
                        std::string(request.raw_path().substr(0, 200)) + " in the Runtime API");
}

asio::awaitable<http::Response> HttpSession::State::next() {
  if (phase == Phase::running || phase == Phase::failed) {
    co_return not_allowed(phase, "Ready");
  }
  if (phase == Phase::starting) {
    init_outcome = Ready{};
    wake.cancel();
  }
  phase = Phase::ready;
  if (offered != nullptr) co_return hand_over();
  // A runtime that gave up its last connection asks again on a new one: the newest counts.
  if (const auto older = next_.lock()) {
    older->response =
        refused(403, "InvalidStateTransition", "A later request for the next event was made");
    older->wake.cancel();
  }
  const auto waiter = std::make_shared<NextWaiter>(executor);
  next_ = waiter;
  while (!waiter->response) co_await waiter->wake.async_wait(kAwait);
  co_return std::move(*waiter->response);
}

void HttpSession::State::deliver() {
  const auto waiter = next_.lock();
  if (phase != Phase::ready || !waiter || waiter->response) return;
  waiter->response = hand_over();
  waiter->wake.cancel();
  next_.reset();
}

http::Response HttpSession::State::hand_over() {
  const model::Invocation& invocation = *offered;
  offered = nullptr;
  phase = Phase::running;
  request_id = invocation.request_id;
  http::Response response;
  http::Headers& headers = response.headers;
  headers.reserve(512);
  headers.add("Content-Type", "application/json");
  headers.add("Lambda-Runtime-Aws-Request-Id", invocation.request_id);
  headers.add("Lambda-Runtime-Deadline-Ms", std::to_string(epoch_ms(function_deadline)));
  headers.add("Lambda-Runtime-Invoked-Function-Arn", invocation.invoked_arn);
  headers.add("Lambda-Runtime-Trace-Id", invocation.trace_id);
  if (!invocation.client_context.empty()) {
    headers.add("Lambda-Runtime-Client-Context", invocation.client_context);
  }
  if (!invocation.cognito_identity.empty()) {
    headers.add("Lambda-Runtime-Cognito-Identity", invocation.cognito_identity);
  }
  response.body = invocation.payload;
  return response;
}

http::Response HttpSession::State::take_response(http::Request& request, std::string_view id) {
  if (phase != Phase::running) {
    return not_allowed(phase, "InvocationResponse");
  }
  if (id != request_id) return refused(400, "InvalidRequestID", "Invalid request ID");
  const auto mode = request.headers.find("Lambda-Runtime-Function-Response-Mode");
  if (mode && *mode != "streaming") {
    finish(BrokeProtocol{"invalid response mode '" + std::string(*mode) + "'"});
    return refused(400, "Runtime.InvalidResponseModeHeader", "Invalid response mode header");
  }
  if (request.is_body_too_large) {
    finish(AnswerTooLarge{});
    return refused(
        413, "RequestEntityTooLarge",
        "Exceeded maximum allowed payload size (" + std::to_string(kMaxAnswer) + " bytes).");
  }
  if (auto failure = failure_in_trailers(request)) {
    finish(std::move(*failure));
  } else {
    finish(Answered{std::move(request.body)});
  }
  return accepted();
}

http::Response HttpSession::State::take_error(http::Request& request, std::string_view id) {
  if (phase != Phase::running) {
    return not_allowed(phase, "InvocationErrorResponse");
  }
  if (id != request_id) return refused(400, "InvalidRequestID", "Invalid request ID");
  if (request.is_body_too_large) {
    finish(AnswerTooLarge{});
    return refused(
        413, "RequestEntityTooLarge",
        "Exceeded maximum allowed payload size (" + std::to_string(kMaxAnswer) + " bytes).");
  }
  finish(Failed{error_json(request)});
  return accepted();
}

http::Response HttpSession::State::take_init_error(http::Request& request) {
  if (phase != Phase::starting) {
    return not_allowed(phase, "InitError");
  }
  phase = Phase::failed;
  if (request.is_body_too_large) request.body.clear();
  init_outcome = Failed{error_json(request)};
  wake.cancel();
  return accepted();
}

void HttpSession::State::finish(CallOutcome outcome) {
  phase = Phase::answered;
  call_outcome = std::move(outcome);
  wake.cancel();
}

namespace {

// Lambda's names of a runtime's states, for its error texts.
const char* name_of(HttpSession::State::Phase phase) {
  using Phase = HttpSession::State::Phase;
  switch (phase) {
    case Phase::starting:
      return "Started";
    case Phase::failed:
      return "InitError";
    case Phase::ready:
      return "Ready";
    case Phase::running:
      return "Running";
    case Phase::answered:
      return "ResponseSent";
  }
  return "Started";
}

}  // namespace
}  // namespace proa::runtime_api
