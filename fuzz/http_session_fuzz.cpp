// The Runtime API's state machine over what a hostile runtime may ask in any order: whatever comes,
// a call ends at most once, an event goes out at most once, and every request gets an answer.
#include "runtime_api/http_session.h"

#include "base/check.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace {

namespace asio = boost::asio;
using proa::check;
using proa::http::Request;
using proa::http::Response;
using State = proa::runtime_api::HttpSession::State;

constexpr std::string_view kId = "11111111-2222-4333-8444-555555555555";

/// Takes the input apart; 0 and "" when it is used up.
class Input {
 public:
  Input(const std::uint8_t* bytes, std::size_t size) : bytes_(bytes), left_(size) {}
  bool is_empty() const { return left_ == 0; }
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *bytes_++;
  }
  std::string text() {
    const std::size_t size = std::min<std::size_t>(byte(), left_);
    std::string taken(reinterpret_cast<const char*>(bytes_), size);
    bytes_ += size;
    left_ -= size;
    return taken;
  }

 private:
  const std::uint8_t* bytes_;
  std::size_t left_;
};

struct Counts {
  int events = 0;
  int waiting = 0;
  int answered = 0;
};

asio::awaitable<void> ask(std::shared_ptr<State> state, std::shared_ptr<Request> request,
                          Counts& counts) {
  ++counts.waiting;
  const Response response = co_await state->serve(*request);
  --counts.waiting;
  ++counts.answered;
  check(response.status >= 200 && response.status < 600, "every request gets an answer");
  if (response.header("Lambda-Runtime-Aws-Request-Id")) ++counts.events;
}

std::shared_ptr<Request> request_of(Input& input) {
  static const std::string kRoot = "/2018-06-01/runtime/";
  auto request = std::make_shared<Request>();
  request->method = "POST";
  const std::string own = kRoot + "invocation/" + std::string(kId);
  switch (input.byte() % 7) {
    case 0:
      request->method = "GET";
      request->target = kRoot + "invocation/next";
      break;
    case 1:
      request->target = own + "/response";
      break;
    case 2:
      request->target = own + "/error";
      break;
    case 3:
      request->target = kRoot + "init/error";
      break;
    case 4:
      request->target = kRoot + "invocation/other/response";
      break;
    case 5:
      request->target = own + "/response";
      request->headers.add("Lambda-Runtime-Function-Response-Mode", input.text());
      request->trailers.add("Lambda-Runtime-Function-Error-Type", input.text());
      request->trailers.add("Lambda-Runtime-Function-Error-Body", input.text());
      break;
    default:
      request->method = input.text();
      request->target = "/" + input.text();
  }
  request->is_body_too_large = (input.byte() & 1U) != 0;
  request->body = input.text();
  return proa::http::parse_target(*request) ? request : nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Input input(bytes, size);
  asio::io_context io(1);
  auto state = std::make_shared<State>(io.get_executor());
  proa::model::Invocation invocation;
  invocation.request_id = kId;
  invocation.payload = "{}";
  Counts counts;
  int offered = 0;
  while (!input.is_empty()) {
    if (input.byte() % 4 == 0 && state->offered == nullptr &&
        state->phase != State::Phase::running) {
      state->call_outcome.reset();
      state->offered = &invocation;
      ++offered;
      state->deliver();
    } else if (auto request = request_of(input)) {
      asio::co_spawn(io, ask(state, std::move(request), counts), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
      });
    }
    io.restart();
    io.poll();
    check(counts.events <= offered, "an event goes out at most once");
    check(counts.waiting <= 1, "one request for the next event waits at most");
  }
  return 0;
}
