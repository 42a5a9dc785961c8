#include "api/log_wait.h"

#include "unit/api/fakes.h"

#include <boost/asio/post.hpp>

namespace proa::api {
namespace {

/// A client that goes when the test says so.
class FakeAsker final : public http::Asker {
 public:
  void watch(std::function<void()> gone) override {
    on_gone = std::move(gone);
    if (is_gone) on_gone();
  }
  void unwatch() override { on_gone = nullptr; }
  std::function<void()> on_gone;
  bool is_gone = false;
};

class LogWaitTest : public ApiTest {
 protected:
  /// A request for news that is held; `meanwhile` runs as soon as it is.
  http::Response ask(std::function<void()> meanwhile) {
    catalog_.put("f");
    http::Request request;
    request.method = "GET";
    request.target = "/proa/v1/logs?function=f&wait_s=20";
    request.headers.add("Host", "localhost");
    request.asker = &asker_;
    EXPECT_TRUE(http::parse_target(request));
    http::Response response(0);
    boost::asio::io_context context;
    const auto serve = [](Api& api, http::Request& asked,
                          http::Response& answer) -> boost::asio::awaitable<void> {
      answer = co_await api.serve(asked);
    };
    boost::asio::co_spawn(context, serve(*api_, request, response), boost::asio::detached);
    while (logs_.waits == 0 && context.run_one() > 0) {
    }
    if (meanwhile) boost::asio::post(context, meanwhile);
    while (response.status == 0 && context.run_one() > 0) {
    }
    return response;
  }
  FakeAsker asker_;
};

TEST_F(LogWaitTest, EndsWhenTheClientGoes) {
  const auto response = ask([this] { asker_.on_gone(); });
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(body_of(response).at("has_logged"), false);
  EXPECT_EQ(logs_.waits, 1);
  EXPECT_FALSE(asker_.on_gone);
}

TEST_F(LogWaitTest, DoesNotBeginWhenTheClientIsGone) {
  asker_.is_gone = true;
  EXPECT_EQ(ask({}).status, 200);
  EXPECT_EQ(logs_.waits, 0);
}

TEST_F(LogWaitTest, EndsWhenTheTimeIsOver) {
  logs_.on_wait = [] { return false; };
  EXPECT_EQ(body_of(ask({})).at("has_logged"), false);
  EXPECT_EQ(logs_.waits, 1);
}

TEST_F(LogWaitTest, EndsWithNews) {
  logs_.on_wait = [this] {
    logs_.put("/aws/lambda/f", "s", "hello\n");
    return true;
  };
  const auto answer = body_of(ask({}));
  EXPECT_EQ(answer.at("has_logged"), true);
  EXPECT_EQ(answer.at("events").as_array().size(), 1U);
}

}  // namespace
}  // namespace proa::api
