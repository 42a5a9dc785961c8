#include "os/seqpacket.h"
#include "runtime_api/runtime_api.h"
#include "unit/frames/await.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <array>

namespace proa::runtime_api {
namespace {

using frames::Type;

const std::string kId = "11111111-2222-4333-8444-555555555555";

/// A session, and by hand what the runtime at its other end says.
class FrameSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = frames::make_link();
    ASSERT_TRUE(pair);
    auto session = FrameSession::create(io_.get_executor(), std::move(pair.value().first));
    ASSERT_TRUE(session);
    session_ = std::move(session.value());
    auto link = frames::Link::adopt(io_.get_executor(), std::move(pair.value().second));
    ASSERT_TRUE(link);
    runtime_ = std::move(link.value());
  }

  void say(Type type, const std::string& body) {
    const std::array<std::string_view, 1> parts{body};
    ASSERT_TRUE(frames::await(io_, runtime_->send(type, parts)));
  }
  SteadyTime soon(int milliseconds = 20'000) {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  }
  template <class T>
  static boost::asio::awaitable<Result<T>> as_task(boost::asio::awaitable<T> plain) {
    co_return co_await std::move(plain);
  }
  InitOutcome init(int milliseconds = 20'000) {
    auto task = session_->init(Configuration(), soon(milliseconds));
    return frames::await(io_, as_task(std::move(task))).value();
  }
  frames::Outcome<CallOutcome> begin_call(int milliseconds = 20'000) {
    auto task = session_->call(invocation_, WallTime(), soon(milliseconds));
    auto begun = frames::begin(io_, as_task(std::move(task)));
    io_.restart();
    io_.poll();
    return begun;
  }
  CallOutcome call(int milliseconds = 20'000) {
    return frames::finish(io_, begin_call(milliseconds)).value();
  }
  /// A call that the runtime answers with one frame after it has got the event.
  CallOutcome answered_with(Type type, const std::string& body) {
    auto call = begin_call();
    EXPECT_EQ(frames::await(io_, runtime_->receive()).value().type, Type::invoke);
    say(type, body);
    return frames::finish(io_, call).value();
  }

  static model::Invocation make_invocation() {
    model::Invocation invocation;
    invocation.request_id = kId;
    invocation.payload = "{}";
    return invocation;
  }

  boost::asio::io_context io_;
  std::unique_ptr<RuntimeSession> session_;
  std::unique_ptr<frames::Link> runtime_;
  model::Invocation invocation_ = make_invocation();
};

TEST_F(FrameSessionTest, AParkedRuntimeSaysWhatItIs) {
  say(Type::parked, R"({"runtime":"python3.11.2"})");
  EXPECT_EQ(frames::await(io_, session_->parked(soon())).value(), "python3.11.2");
}

TEST_F(FrameSessionTest, ARuntimeThatSaysSomethingElseIsNotParked) {
  say(Type::ready, "");
  EXPECT_EQ(frames::await(io_, session_->parked(soon())).error().code(), Errc::corrupt);
  say(Type::parked, "{}");
  EXPECT_EQ(frames::await(io_, session_->parked(soon())).error().code(), Errc::corrupt);
}

TEST_F(FrameSessionTest, ARehearsalIsACallOfNobodyAndEndsWhenTheRuntimeWaitsAgain) {
  auto rehearsal = frames::begin(io_, session_->rehearse(soon()));
  const auto asked = frames::await(io_, runtime_->receive());
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked.value().type, Type::rehearse);
  frames::InvokeView view;
  ASSERT_EQ(frames::decode_invoke(std::as_bytes(std::span(asked.value().body)), view),
            frames::Status::ok);
  EXPECT_EQ(view.request_id.size(), frames::kRequestIdSize);
  EXPECT_TRUE(view.payload.starts_with("{"));
  EXPECT_FALSE(rehearsal->has_value());
  say(Type::parked, R"({"runtime":"python3.11.2"})");
  EXPECT_TRUE(frames::finish(io_, rehearsal));
}

TEST_F(FrameSessionTest, ARehearsalThatEndsTheRuntimeIsTold) {
  auto rehearsal = frames::begin(io_, session_->rehearse(soon()));
  runtime_->close();
  const auto ended = frames::finish(io_, rehearsal);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Errc::unavailable);
}

TEST_F(FrameSessionTest, InitialisationIsReadyOrFailsWithTheRuntimesWords) {
  say(Type::ready, "");
  EXPECT_TRUE(std::holds_alternative<Ready>(init()));
  say(Type::init_error, R"({"errorType":"E"})");
  const auto outcome = init();
  ASSERT_TRUE(std::holds_alternative<Failed>(outcome));
  EXPECT_EQ(std::get<Failed>(outcome).error_json, R"({"errorType":"E"})");
}

TEST_F(FrameSessionTest, ACallHasItsAnswerOrItsError) {
  const auto answer = answered_with(Type::response, kId + "42");
  ASSERT_TRUE(std::holds_alternative<Answered>(answer));
  EXPECT_EQ(std::get<Answered>(answer).payload, "42");
  const auto failure = answered_with(Type::error, kId + "{}");
  ASSERT_TRUE(std::holds_alternative<Failed>(failure));
  EXPECT_FALSE(std::get<Failed>(failure).is_last);
  EXPECT_TRUE(std::holds_alternative<AnswerTooLarge>(answered_with(Type::too_large, kId)));
}

TEST_F(FrameSessionTest, AnAnswerToAnotherCallOrOfAnotherKindBreaksTheProtocol) {
  const std::string other = "99999999-2222-4333-8444-555555555555";
  EXPECT_TRUE(std::holds_alternative<BrokeProtocol>(answered_with(Type::response, other + "1")));
  EXPECT_TRUE(std::holds_alternative<BrokeProtocol>(answered_with(Type::ready, "")));
}

TEST_F(FrameSessionTest, AnAnswerThatWasThereBeforeTheCallIsNotItsAnswer) {
  say(Type::response, kId + "forged");
  EXPECT_TRUE(std::holds_alternative<BrokeProtocol>(call()));
}

TEST_F(FrameSessionTest, ASecondAnswerToTheCallBeforeIsPassedOver) {
  ASSERT_TRUE(std::holds_alternative<Answered>(answered_with(Type::response, kId + "1")));
  say(Type::response, kId + "2");  // is there before the next call
  invocation_.request_id = "99999999-2222-4333-8444-555555555555";
  auto next = begin_call();
  say(Type::error, kId + "{}");  // comes while it runs
  say(Type::response, invocation_.request_id + "3");
  const auto answer = frames::finish(io_, next).value();
  ASSERT_TRUE(std::holds_alternative<Answered>(answer));
  EXPECT_EQ(std::get<Answered>(answer).payload, "3");
  EXPECT_EQ(session_->late_answers(), 2);
}

TEST_F(FrameSessionTest, AFloodOfAnswersToTheCallBeforeBreaksTheProtocol) {
  ASSERT_TRUE(std::holds_alternative<Answered>(answered_with(Type::response, kId + "1")));
  for (int i = 0; i < 17; ++i) say(Type::response, kId + "2");
  invocation_.request_id = "99999999-2222-4333-8444-555555555555";
  EXPECT_TRUE(std::holds_alternative<BrokeProtocol>(call()));
}

TEST_F(FrameSessionTest, ASilentRuntimeTimesOut) {
  EXPECT_TRUE(std::holds_alternative<TimedOut>(call(10)));
}

TEST_F(FrameSessionTest, ARuntimeThatDoesNotReadALargeEventTimesOut) {
  invocation_.payload = std::string(std::size_t{4} << 20U, ' ');
  EXPECT_TRUE(std::holds_alternative<TimedOut>(call(50)));
}

TEST_F(FrameSessionTest, AnEndedProcessIsGoneButWhatItSaidLastCounts) {
  auto waiting = begin_call();
  session_->process_ended();
  EXPECT_TRUE(std::holds_alternative<Gone>(frames::finish(io_, waiting).value()));
}

TEST_F(FrameSessionTest, AnAnswerRightBeforeTheEndCounts) {
  auto waiting = begin_call();
  const std::array<std::string_view, 2> parts{kId, "last"};
  ASSERT_TRUE(frames::await(io_, runtime_->receive()));
  auto sent = frames::begin(io_, runtime_->send(Type::response, parts));
  session_->process_ended();
  const auto outcome = frames::finish(io_, waiting).value();
  ASSERT_TRUE(std::holds_alternative<Answered>(outcome));
  EXPECT_EQ(std::get<Answered>(outcome).payload, "last");
}

TEST_F(FrameSessionTest, AClosedLinkIsGone) {
  runtime_->close();
  EXPECT_TRUE(std::holds_alternative<Gone>(call()));
}

}  // namespace
}  // namespace proa::runtime_api
