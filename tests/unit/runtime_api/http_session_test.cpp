#include "runtime_api/http_session.h"

#include "unit/frames/await.h"
#include "unit/http/served.h"

#include <gtest/gtest.h>

namespace proa::runtime_api {
namespace {

namespace asio = boost::asio;
constexpr auto kSoon = std::chrono::milliseconds(50);
constexpr auto kLate = std::chrono::seconds(10);

SteadyTime in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

/// A session served by the test's own thread, and blocking clients in others.
class HttpSessionTest : public testing::Test {
 protected:
  HttpSessionTest() {
    auto made = HttpSession::create(io_.get_executor(), http::listen_on_loopback(port_));
    EXPECT_TRUE(made);
    session_ = std::move(made.value());
    invocation_.request_id = "11111111-2222-4333-8444-555555555555";
    invocation_.payload = R"({"n":1})";
    invocation_.invoked_arn = "arn:aws:lambda:r:1:function:f";
    invocation_.trace_id = "Root=1-2-3";
    invocation_.client_context = R"({"a":1})";
  }
  ~HttpSessionTest() override {
    session_.reset();
    io_.restart();
    io_.run_for(std::chrono::milliseconds(200));
    for (std::thread& client : clients_) client.join();
  }

  /// Sends `text` from a thread of its own and reads one whole answer.
  std::shared_future<std::string> client(std::string text) {
    auto answer = std::make_shared<std::promise<std::string>>();
    std::shared_future<std::string> future = answer->get_future().share();
    clients_.emplace_back([port = port_, text = std::move(text), answer] {
      http::Peer peer(port);
      peer.send(text);
      const bool has_body = peer.read_until("\r\n\r\n");
      if (has_body) {
        const auto& seen = peer.seen();
        const auto length = seen.find("Content-Length: ");
        const std::size_t size = std::stoul(seen.substr(length + 16));
        peer.read_bytes(seen.find("\r\n\r\n") + 4 + size);
      }
      answer->set_value(peer.seen());
    });
    return future;
  }
  static std::string get(const std::string& path) {
    return "GET /2018-06-01/runtime" + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  static std::string post(const std::string& path, const std::string& body,
                          const std::string& headers = "") {
    return "POST /2018-06-01/runtime" + path + " HTTP/1.1\r\nHost: x\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  template <class T>
  static asio::awaitable<void> keep(asio::awaitable<T> task,
                                    std::shared_ptr<std::optional<T>> out) {
    out->emplace(co_await std::move(task));
  }
  template <class T>
  std::shared_ptr<std::optional<T>> begin(asio::awaitable<T> task) {
    auto out = std::make_shared<std::optional<T>>();
    asio::co_spawn(io_, keep(std::move(task), out), [](std::exception_ptr) {});
    return out;
  }
  template <class Condition>
  bool run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + kLate;
    io_.restart();
    while (!condition() && std::chrono::steady_clock::now() < end) {
      io_.run_one_for(std::chrono::milliseconds(5));
      io_.restart();
    }
    return condition();
  }
  template <class T>
  T finish(const std::shared_ptr<std::optional<T>>& out) {
    EXPECT_TRUE(run_until([&] { return out->has_value(); }));
    return std::move(**out);
  }
  std::string finish(const std::shared_future<std::string>& answer) {
    EXPECT_TRUE(run_until(
        [&] { return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
    return answer.get();
  }

  /// A runtime that has asked for its first event; the answer to that request.
  std::shared_future<std::string> ready() {
    auto init = begin(session_->init(Configuration(), in(kLate)));
    auto next = client(get("/invocation/next"));
    EXPECT_TRUE(std::holds_alternative<Ready>(finish(init)));
    return next;
  }
  auto call(std::chrono::milliseconds time = kLate) {
    return begin(session_->call(invocation_, WallTime(std::chrono::milliseconds(1234)), in(time)));
  }

  asio::io_context io_{1};
  std::uint16_t port_ = 0;
  std::unique_ptr<RuntimeSession> session_;
  model::Invocation invocation_;
  std::vector<std::thread> clients_;
};

TEST_F(HttpSessionTest, AnEventGoesOutWithItsHeadersAndItsAnswerComesBack) {
  auto next = ready();
  auto outcome = call();
  const std::string event = finish(next);
  for (const char* line :
       {"HTTP/1.1 200 OK", "Content-Type: application/json",
        "Lambda-Runtime-Aws-Request-Id: 11111111-2222-4333-8444-555555555555",
        "Lambda-Runtime-Deadline-Ms: 1234\r\n",
        "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:r:1:function:f",
        "Lambda-Runtime-Trace-Id: Root=1-2-3", "Lambda-Runtime-Client-Context: {\"a\":1}"}) {
    EXPECT_NE(event.find(line), std::string::npos) << line << " in " << event;
  }
  EXPECT_TRUE(event.ends_with("\r\n\r\n{\"n\":1}"));
  EXPECT_EQ(event.find("Cognito"), std::string::npos);
  auto accepted = client(post("/invocation/" + invocation_.request_id + "/response", "[2]"));
  EXPECT_NE(finish(accepted).find("202 Accepted"), std::string::npos);
  const auto said = finish(outcome);
  ASSERT_TRUE(std::holds_alternative<Answered>(said));
  EXPECT_EQ(std::get<Answered>(said).payload, "[2]");
}

TEST_F(HttpSessionTest, ACallWaitsForARuntimeThatHasNotAskedYet) {
  auto next = ready();
  auto first = call();
  finish(next);
  finish(client(post("/invocation/" + invocation_.request_id + "/response", "1")));
  finish(first);
  invocation_.request_id = "22222222-2222-4333-8444-555555555555";
  auto second = call();
  run_until([] { return true; });
  EXPECT_FALSE(second->has_value());
  EXPECT_NE(finish(client(get("/invocation/next"))).find("22222222"), std::string::npos);
  finish(client(post("/invocation/" + invocation_.request_id + "/error", "{\"e\":1}")));
  const auto said = finish(second);
  ASSERT_TRUE(std::holds_alternative<Failed>(said));
  EXPECT_EQ(std::get<Failed>(said).error_json, "{\"e\":1}");
}

TEST_F(HttpSessionTest, ANewerRequestForTheNextEventReplacesOneThatWaits) {
  auto old = ready();
  auto fresh = client(get("/invocation/next"));
  EXPECT_NE(finish(old).find("403 Forbidden"), std::string::npos);
  auto outcome = call();
  EXPECT_NE(finish(fresh).find("200 OK"), std::string::npos);
}

TEST_F(HttpSessionTest, RequestsThatFitNoStateAreRefusedByName) {
  auto next = ready();
  const std::string own = "/invocation/" + invocation_.request_id;
  EXPECT_NE(finish(client(post(own + "/response", "1"))).find("InvalidStateTransition"),
            std::string::npos);
  auto outcome = call();
  finish(next);
  EXPECT_NE(finish(client(get("/invocation/next"))).find("InvalidStateTransition"),
            std::string::npos);
  EXPECT_NE(finish(client(post("/init/error", "{}"))).find("InvalidStateTransition"),
            std::string::npos);
  EXPECT_NE(finish(client(post("/invocation/x/response", "1"))).find("400 Bad Request"),
            std::string::npos);
  EXPECT_NE(finish(client(post("/invocation/x/error", "1"))).find("InvalidRequestID"),
            std::string::npos);
  EXPECT_NE(finish(client(get("/elsewhere"))).find("404 Not Found"), std::string::npos);
  EXPECT_FALSE(outcome->has_value());
}

TEST_F(HttpSessionTest, ExtensionsAreRefusedByName) {
  const auto answer =
      finish(client("GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_NE(answer.find("501 Not Implemented"), std::string::npos);
  EXPECT_NE(answer.find("not supported by Proa yet"), std::string::npos);
}

TEST_F(HttpSessionTest, AnAnswerOverTheLimitIsRefusedAndNamed) {
  auto next = ready();
  auto outcome = call();
  finish(next);
  const std::string large(kMaxAnswer + 1, 'x');
  const auto answer =
      finish(client(post("/invocation/" + invocation_.request_id + "/response", large)));
  EXPECT_NE(answer.find("413 "), std::string::npos);
  EXPECT_TRUE(std::holds_alternative<AnswerTooLarge>(finish(outcome)));
}

TEST_F(HttpSessionTest, ATrailerBehindAStreamedAnswerMakesItAFailure) {
  auto next = ready();
  auto outcome = call();
  finish(next);
  finish(client("POST /2018-06-01/runtime/invocation/" + invocation_.request_id +
                "/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                "Lambda-Runtime-Function-Response-Mode: streaming\r\n\r\n"
                "2\r\nab\r\n0\r\nLambda-Runtime-Function-Error-Type: Late\r\n"
                "Lambda-Runtime-Function-Error-Body: eyJlIjoxfQ==\r\n\r\n"));
  const auto said = finish(outcome);
  ASSERT_TRUE(std::holds_alternative<Failed>(said));
  EXPECT_EQ(std::get<Failed>(said).error_json, "{\"e\":1}");
}

TEST_F(HttpSessionTest, AnInitErrorIsTheOutcomeOfInit) {
  auto init = begin(session_->init(Configuration(), in(kLate)));
  finish(client(post("/init/error", "", "Lambda-Runtime-Function-Error-Type: My.Init\r\n")));
  const auto said = finish(init);
  ASSERT_TRUE(std::holds_alternative<Failed>(said));
  EXPECT_NE(std::get<Failed>(said).error_json.find("My.Init"), std::string::npos);
}

TEST_F(HttpSessionTest, DeadlinesEndInitAndCall) {
  auto init = begin(session_->init(Configuration(), in(kSoon)));
  EXPECT_TRUE(std::holds_alternative<TimedOut>(finish(init)));
  auto next = ready();
  auto outcome = call(kSoon);
  finish(next);
  EXPECT_TRUE(std::holds_alternative<TimedOut>(finish(outcome)));
}

TEST_F(HttpSessionTest, TheEndOfTheProcessEndsInitAndCall) {
  auto next = ready();
  auto outcome = call();
  finish(next);
  session_->process_ended();
  EXPECT_TRUE(std::holds_alternative<Gone>(finish(outcome)));
  EXPECT_TRUE(std::holds_alternative<Gone>(finish(call())));
}

TEST_F(HttpSessionTest, EndingTheSessionEndsARequestThatWaits) {
  auto next = ready();
  session_.reset();
  EXPECT_EQ(finish(next), "");
}

}  // namespace
}  // namespace proa::runtime_api
