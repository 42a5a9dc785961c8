#include "dispatch/async_queue.h"

#include "unit/dispatch/queue_fixture.h"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace proa::dispatch {
namespace {

using std::chrono::milliseconds;

class AsyncQueueTest : public QueueFixture {};

TEST_F(AsyncQueueTest, RunsWhatItAcceptsAndForgetsIt) {
  start();
  send("1");
  send("2", "g");
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_EQ(dispatcher_.payloads, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(dispatcher_.functions, (std::vector<std::string>{"f", "g"}));
  EXPECT_EQ(counts().accepted, 2U);
  EXPECT_EQ(counts().succeeded, 2U);
  EXPECT_TRUE(letters().empty());
}

TEST_F(AsyncQueueTest, AFailedCallIsRetriedTwiceWithTheSameRequestIdAndThenADeadLetter) {
  dispatcher_.script = [](const auto&) { return ScriptedDispatcher::failure(); };
  start();
  send(R"({"n":1})");
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_EQ(dispatcher_.payloads.size(), 3U);
  EXPECT_EQ(dispatcher_.request_ids.size(), 1U);
  EXPECT_EQ(counts().retried, 2U);
  EXPECT_EQ(counts().failed, 1U);
  const auto dead = letters();
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].condition, "RetriesExhausted");
  EXPECT_EQ(dead[0].attempts, 3U);
  EXPECT_EQ(dead[0].function_error, "Unhandled");
  EXPECT_EQ(dead[0].response, R"({"errorType":"E"})");
  EXPECT_EQ(dead[0].request_id, *dispatcher_.request_ids.begin());
}

TEST_F(AsyncQueueTest, TheFunctionsConfigurationSaysHowOften) {
  dispatcher_.script = [](const auto&) { return ScriptedDispatcher::failure(); };
  config().retries_max = 0;
  start();
  send("1");
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_EQ(dispatcher_.payloads.size(), 1U);
  EXPECT_EQ(letters().size(), 1U);
}

TEST_F(AsyncQueueTest, DestinationsGetTheRecordInPlaceOfADeadLetter) {
  config().on_failure = "arn:aws:lambda:us-east-1:000000000000:function:g";
  config().retries_max = 0;
  dispatcher_.script = [](const model::Invocation& invocation) {
    const bool is_record = invocation.payload.find("requestContext") != std::string::npos;
    return is_record ? ScriptedDispatcher::answer("1") : ScriptedDispatcher::failure();
  };
  start();
  send(R"({"n":1})");
  ASSERT_TRUE(until([&] { return is_empty(); }));
  ASSERT_EQ(dispatcher_.functions, (std::vector<std::string>{"f", "g"}));
  const auto record = boost::json::parse(dispatcher_.payloads[1]);
  EXPECT_EQ(record.at("requestContext").at("condition").as_string(), "RetriesExhausted");
  EXPECT_EQ(record.at("requestPayload").at("n").as_int64(), 1);
  EXPECT_TRUE(letters().empty());
}

TEST_F(AsyncQueueTest, ADestinationOfSuccessGetsTheAnswer) {
  config().on_success = "arn:aws:lambda:us-east-1:000000000000:function:g";
  start();
  send("1");
  ASSERT_TRUE(until([&] { return is_empty(); }));
  ASSERT_EQ(dispatcher_.functions, (std::vector<std::string>{"f", "g"}));
  const auto record = boost::json::parse(dispatcher_.payloads[1]);
  EXPECT_EQ(record.at("requestContext").at("condition").as_string(), "Success");
  EXPECT_EQ(record.at("responsePayload").as_int64(), 1);
}

TEST_F(AsyncQueueTest, AnEventOlderThanItsFunctionAllowsIsGivenUp) {
  send("1");  // not started: it waits
  config().age_max = std::chrono::seconds(0);
  start();
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_TRUE(dispatcher_.payloads.empty());
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].condition, "EventAgeExceeded");
}

TEST_F(AsyncQueueTest, AnEventThatHasBecomeTooOldTellsWhatItWaitedFor) {
  dispatcher_.script = [](const auto&) -> Result<model::InvocationResult> {
    return Error(Errc::throttled, "ReservedFunctionConcurrentInvocationLimitExceeded");
  };
  config().age_max = std::chrono::seconds(1);
  start();
  send("1");
  ASSERT_TRUE(until([&] { return letters().size() == 1; }));
  EXPECT_EQ(letters()[0].condition, "EventAgeExceeded");
  EXPECT_EQ(letters()[0].reason, "waited: ReservedFunctionConcurrentInvocationLimitExceeded");
}

TEST_F(AsyncQueueTest, AFunctionThatIsDeletedMeanwhileLeavesADeadLetter) {
  send("1");
  catalog_.records.erase("f");
  dispatcher_.script = [](const auto&) -> Result<model::InvocationResult> {
    return Error(Errc::not_found, "Function not found: f");
  };
  start();
  ASSERT_TRUE(until([&] { return is_empty(); }));
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].condition, "FunctionNotFound");
  EXPECT_EQ(letters()[0].reason, "Function not found: f");
}

TEST_F(AsyncQueueTest, NoMoreRunAtOnceThanItIsAllowed) {
  options_.running_max = 3;
  close();
  open();
  dispatcher_.is_holding = true;
  start();
  for (int i = 0; i < 10; ++i) send("1", i % 2 == 0 ? "f" : "g");
  ASSERT_TRUE(until([&] { return dispatcher_.running == 3; }));
  EXPECT_EQ(counts().waiting, 7U);
  dispatcher_.release();
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_EQ(dispatcher_.most_running, 3U);
  EXPECT_EQ(counts().succeeded, 10U);
}

TEST_F(AsyncQueueTest, OnAnIdleHostMoreBeginBeforeTheFirstHasEnded) {
  dispatcher_.is_holding = true;
  start();
  for (int i = 0; i < 30; ++i) send("1");
  EXPECT_TRUE(until([&] { return dispatcher_.running == 30; })) << dispatcher_.running;
}

TEST_F(AsyncQueueTest, ALongLineLeavesPlacesToOthers) {
  options_.running_max = 2;
  close();
  open();
  for (int i = 0; i < 200; ++i) send("1", "f");
  for (int i = 0; i < 5; ++i) send("1", "g");
  start();
  ASSERT_TRUE(until([&] { return is_empty(); }));
  const auto& order = dispatcher_.functions;
  const auto last = std::find(order.rbegin(), order.rend(), "g");
  EXPECT_LT(order.rend() - last, 40) << "the fifth event of g ran behind so many of f";
}

TEST_F(AsyncQueueTest, DestinationsInACircleEndAsADeadLetter) {
  config("f").on_failure = "arn:aws:lambda:us-east-1:000000000000:function:g";
  config("g").on_failure = "arn:aws:lambda:us-east-1:000000000000:function:f";
  config("f").retries_max = config("g").retries_max = 0;
  dispatcher_.script = [](const auto&) { return ScriptedDispatcher::failure(); };
  start();
  send("1");
  ASSERT_TRUE(until([&] { return letters().size() == 1; }));
  EXPECT_EQ(dispatcher_.functions.size(), kHopsMax + 1);
  EXPECT_EQ(letters()[0].condition, "DestinationLoop");
  ASSERT_TRUE(frames::await(io_, queue_->rerun({"000000000000", "us-east-1"}, letters()[0].id)));
  ASSERT_TRUE(until([&] { return letters().size() == 1; }));
  EXPECT_EQ(dispatcher_.functions.size(), 2 * (kHopsMax + 1)) << "it begins anew";
}

TEST_F(AsyncQueueTest, AnErrorThatIsNoUtf8IsRetriedLikeAnyOther) {
  dispatcher_.script = [](const auto&) {
    auto result = ScriptedDispatcher::answer("\"no \xFF good\"");
    result.value().function_error = "Unhandled";
    return result;
  };
  start();
  send("1");
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_EQ(dispatcher_.payloads.size(), 3U);
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].condition, "RetriesExhausted");
  EXPECT_EQ(letters()[0].response, "\"no  good\"");
}

TEST_F(AsyncQueueTest, WhatRanWhenTheDaemonWasKilledRunsAgain) {
  dispatcher_.is_holding = true;
  start();
  for (int i = 0; i < 10; ++i) send(std::to_string(i));
  ASSERT_TRUE(until([&] { return dispatcher_.running >= 4; }));
  kill_and_open();
  dispatcher_.payloads.clear();
  start();
  ASSERT_TRUE(until([&] { return is_empty(); }));
  std::sort(dispatcher_.payloads.begin(), dispatcher_.payloads.end());
  EXPECT_EQ(dispatcher_.payloads,
            (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
}

TEST_F(AsyncQueueTest, AnEventThatAlwaysEndsTheDaemonIsGivenUp) {
  dispatcher_.is_holding = true;
  send("poison");
  for (std::uint32_t i = 0; i < kInterruptionsMax; ++i) {
    dispatcher_.is_holding = true;
    start();
    ASSERT_TRUE(until([&] { return dispatcher_.running == 1; }));
    kill_and_open();
  }
  dispatcher_.payloads.clear();
  start();
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_TRUE(dispatcher_.payloads.empty());
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].condition, "Interrupted");
}

TEST_F(AsyncQueueTest, StoppingCutsOffWhatTakesTooLongAndItRunsAgain) {
  dispatcher_.is_holding = true;
  start();
  send("long");
  ASSERT_TRUE(until([&] { return dispatcher_.running == 1; }));
  close(milliseconds(10));
  open();
  EXPECT_EQ(counts().waiting, 1U);
  dispatcher_.release();
  start();
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_EQ(dispatcher_.payloads, (std::vector<std::string>{"long", "long"}));
}

}  // namespace
}  // namespace proa::dispatch
