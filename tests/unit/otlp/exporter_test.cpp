#include "base/clock.h"
#include "otlp/otlp.h"
#include "unit/frames/await.h"
#include "unit/http/served.h"

#include <gtest/gtest.h>

#include <deque>

namespace proa::otlp {
namespace {

using std::chrono::milliseconds;

/// A collector on loopback that answers as the test says, and an exporter that sends to it.
class ExporterTest : public testing::Test {
 protected:
  struct Seen {
    std::string target;
    std::string body;
    std::string type;
    std::string token;
  };

  void SetUp() override {
    http::ServerOptions server;
    server.body_limit = [](const http::Request&) -> std::uint64_t { return 1'000'000; };
    collector_ = std::make_unique<http::Server>(
        io_.get_executor(), http::listen_on_loopback(options_.endpoint.port),
        [this](http::Request& request) { return collect(request); }, std::move(server));
    ASSERT_TRUE(collector_->start());
    options_.endpoint.host = "127.0.0.1";
    options_.endpoint.path = "/otlp";
    options_.headers = {{"Authorization", "Bearer abc"}};
    options_.first_backoff = milliseconds(2);
    options_.last_backoff = milliseconds(8);
  }

  boost::asio::awaitable<http::Response> collect(http::Request& request) {
    seen_.push_back({request.target, request.body,
                     std::string(request.headers.find("Content-Type").value_or("")),
                     std::string(request.headers.find("Authorization").value_or(""))});
    http::Response response(200);
    if (!answers_.empty()) {
      response = answers_.front();
      answers_.pop_front();
    }
    co_return response;
  }

  boost::asio::awaitable<Taken> take() {
    Taken taken;
    has_given_ = !waiting_.empty();
    if (has_given_) {
      taken.batches.push_back({waiting_.front(), 3});
      if (!is_kept_) waiting_.pop_front();
    }
    taken.has_more = is_greedy_ && !waiting_.empty();
    co_return taken;
  }
  void done() {
    if (!has_given_) return;
    waiting_.pop_front();
    ++done_;
  }

  void start() {
    std::vector<Signal> signals(1);
    signals[0].name = "traces";
    signals[0].every = every_;
    signals[0].take = [this] { return take(); };
    if (is_kept_) signals[0].done = [this] { done(); };
    exporter_ = std::make_unique<Exporter>(io_.get_executor(), clock_, telemetry::Logger(),
                                           options_, std::move(signals));
    exporter_->start();
  }
  /// Runs until `is_over`, twenty seconds at most.
  template <class Condition>
  void run_until(Condition is_over) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_over() && io_.run_one_until(end) > 0) {
    }
    EXPECT_TRUE(is_over());
  }
  void close(milliseconds patience = milliseconds(5'000)) {
    EXPECT_TRUE(frames::await(io_, exporter_->close(clock_.steady_now() + patience)));
  }
  SignalCounts& counts() { return *exporter_->counts()[0].second; }

  boost::asio::io_context io_;
  SystemClock clock_;
  ExporterOptions options_;
  std::unique_ptr<http::Server> collector_;
  std::deque<http::Response> answers_;
  std::deque<std::string> waiting_;
  milliseconds every_{1};
  bool is_greedy_ = false;  ///< says that it has more
  bool is_kept_ = false;    ///< gives a batch until it is done
  bool has_given_ = false;
  std::size_t done_ = 0;  ///< batches
  std::vector<Seen> seen_;
  std::unique_ptr<Exporter> exporter_;
};

TEST_F(ExporterTest, ABatchIsOneRequestToThePathOfItsSignal) {
  waiting_ = {"one", "two"};
  start();
  run_until([&] { return counts().sent == 6; });
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(seen_[0].target, "/otlp/v1/traces");
  EXPECT_EQ(seen_[0].type, "application/json");
  EXPECT_EQ(seen_[0].token, "Bearer abc");
  EXPECT_EQ(seen_[0].body + seen_[1].body, "onetwo");
  close();
  EXPECT_EQ(counts().retries, 0U);
}

TEST_F(ExporterTest, ABusyCollectorIsAskedAgain) {
  for (const int status : {429, 502, 503, 504}) answers_.emplace_back(status);
  answers_[1].headers.add("Retry-After", "0");
  waiting_ = {"one"};
  start();
  run_until([&] { return counts().sent == 3; });
  EXPECT_EQ(seen_.size(), 5U);
  for (const Seen& one : seen_) EXPECT_EQ(one.body, "one");
  EXPECT_EQ(counts().retries, 4U);
  close();
}

TEST_F(ExporterTest, WhatACollectorRefusesIsDroppedAndCounted) {
  for (const int status : {400, 401, 404, 500}) answers_.emplace_back(status);
  waiting_ = {"one", "two", "three", "four", "five"};
  start();
  run_until([&] { return counts().sent == 3; });
  EXPECT_EQ(seen_.size(), 5U);
  EXPECT_EQ(counts().rejected, 12U);
  EXPECT_EQ(counts().retries, 0U);
  close();
}

TEST_F(ExporterTest, APartThatWasRejectedIsCounted) {
  answers_.emplace_back(200);
  answers_[0].body = R"({"partialSuccess":{"rejectedSpans":"2"}})";
  waiting_ = {"one"};
  start();
  run_until([&] { return counts().sent == 1; });
  EXPECT_EQ(counts().rejected, 2U);
  close();
}

TEST_F(ExporterTest, ACollectorThatIsAwayForTooLongLosesTheBatchAndTheNextOneGoesOn) {
  options_.give_up_after = milliseconds(20);
  for (int i = 0; i < 1'000; ++i) answers_.emplace_back(503);
  waiting_ = {"one"};
  start();
  run_until([&] { return counts().unreachable == 3; });
  EXPECT_GE(counts().retries, 2U);
  answers_.clear();
  waiting_ = {"two"};
  run_until([&] { return counts().sent == 3; });
  EXPECT_EQ(seen_.back().body, "two");
  close();
}

TEST_F(ExporterTest, NobodyListeningIsAsBadAsABusyCollector) {
  http::listen_on_loopback(options_.endpoint.port);  // closed at once
  options_.give_up_after = milliseconds(20);
  waiting_ = {"one"};
  start();
  run_until([&] { return counts().unreachable == 3; });
  close();
}

TEST_F(ExporterTest, ClosingSendsWhatIsLeftOnceMore) {
  start();
  run_until([&] { return waiting_.empty(); });
  waiting_ = {"last"};
  close();
  ASSERT_FALSE(seen_.empty());
  EXPECT_EQ(seen_.back().body, "last");
}

TEST_F(ExporterTest, ClosingWaitsForNoBackoffAndForNoCollectorThatSaysNothing) {
  options_.first_backoff = options_.last_backoff = std::chrono::hours(1);
  options_.give_up_after = std::chrono::hours(2);
  for (int i = 0; i < 2; ++i) answers_.emplace_back(503);
  waiting_ = {"one"};
  start();
  run_until([&] { return counts().retries == 1; });
  close();
  EXPECT_EQ(counts().unreachable, 3U);
  EXPECT_EQ(seen_.size(), 2U);
}

TEST_F(ExporterTest, WhatHasMoreIsTakenAgainAtOnce) {
  every_ = std::chrono::hours(1);
  is_greedy_ = true;
  waiting_ = {"one", "two", "three"};
  start();
  run_until([&] { return counts().sent == 9; });
  close();
}

TEST_F(ExporterTest, WhatItsSourceKeepsIsTriedUntilACollectorTakesOrRefusesIt) {
  options_.give_up_after = milliseconds(1);
  is_kept_ = true;
  for (int i = 0; i < 20; ++i) answers_.emplace_back(503);
  waiting_ = {"one"};
  start();
  run_until([&] { return counts().sent == 3; });
  EXPECT_EQ(counts().unreachable, 0U);
  run_until([&] { return done_ == 1; });
  answers_.assign(1, http::Response(400));
  waiting_ = {"two"};
  run_until([&] { return done_ == 2; });
  EXPECT_EQ(counts().rejected, 3U);
  close();
}

TEST_F(ExporterTest, WhatItsSourceKeepsIsNotDoneWhenTheEndComesFirst) {
  is_kept_ = true;
  for (int i = 0; i < 100'000; ++i) answers_.emplace_back(503);
  waiting_ = {"one"};
  start();
  run_until([&] { return counts().retries >= 1; });
  close();
  EXPECT_EQ(done_, 0U);
  EXPECT_EQ(counts().unreachable, 0U) << "it is not lost";
}

TEST_F(ExporterTest, ACollectorThatNeverAnswersDoesNotHoldTheEndUp) {
  const os::UniqueFd silent = http::listen_on_loopback(options_.endpoint.port);
  waiting_ = {"one"};
  start();
  run_until([&] { return waiting_.empty(); });
  const auto begin = std::chrono::steady_clock::now();
  close(milliseconds(50));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(9))
      << "the request's own timeout is ten seconds";
}

}  // namespace
}  // namespace proa::otlp
