#include "unit/dispatch/queue_fixture.h"

namespace proa::dispatch {
namespace {

class DeadLettersTest : public QueueFixture {
 protected:
  void SetUp() override {
    QueueFixture::SetUp();
    config("f").retries_max = 0;
    config("g").retries_max = 0;
    dispatcher_.script = [](const auto&) { return ScriptedDispatcher::failure(); };
    start();
    send(R"({"n":1})", "f");
    send(R"({"n":2})", "g");
    ASSERT_TRUE(until([&] { return letters().size() == 2; }));
  }
  const model::Scope scope_{"000000000000", "us-east-1"};
  const model::Scope other_{"111111111111", "us-east-1"};
};

TEST_F(DeadLettersTest, AreListedByFunctionAndAccount) {
  EventQueue::Selection selection;
  selection.scope = scope_;
  selection.function = "g";
  selection.max = 10;
  const auto of_g = frames::await(io_, queue_->dead_letters(selection)).value();
  ASSERT_EQ(of_g.size(), 1U);
  EXPECT_EQ(of_g[0].function_arn, "arn:aws:lambda:us-east-1:000000000000:function:g");
  EXPECT_EQ(of_g[0].payload, "");
  selection.scope = other_;
  EXPECT_TRUE(frames::await(io_, queue_->dead_letters(selection)).value().empty());
}

TEST_F(DeadLettersTest, AreShownToTheirAccountOnly) {
  const auto id = letters()[0].id;
  EXPECT_EQ(frames::await(io_, queue_->dead_letter(scope_, id)).value().payload, R"({"n":1})");
  for (const auto code : {frames::await(io_, queue_->dead_letter(other_, id)).error().code(),
                          frames::await(io_, queue_->rerun(other_, id)).error().code(),
                          frames::await(io_, queue_->forget(other_, id)).error().code()}) {
    EXPECT_EQ(code, Errc::not_found);
  }
}

TEST_F(DeadLettersTest, RunAgainLikeNewEvents) {
  dispatcher_.script = [](const auto&) { return ScriptedDispatcher::answer("1"); };
  const auto before = letters()[0];
  ASSERT_TRUE(frames::await(io_, queue_->rerun(scope_, before.id)));
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_EQ(dispatcher_.payloads.size(), 3U);
  EXPECT_EQ(dispatcher_.payloads.back(), R"({"n":1})");
  EXPECT_EQ(dispatcher_.request_ids.size(), 2U);  // the same id as before
  EXPECT_EQ(letters().size(), 1U);
}

TEST_F(DeadLettersTest, AreGoneOnceRemoved) {
  for (const auto& letter : letters()) {
    EXPECT_TRUE(frames::await(io_, queue_->forget(scope_, letter.id)));
  }
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(counts().dead_letters, 0U);
}

class EventDelayTest : public QueueFixture {};

TEST_F(EventDelayTest, IsThatOfTheEventWhichHasBeenDueLongest) {
  EXPECT_EQ(counts().delay.count(), 0);
  send("{}", "f");  // nobody runs events yet
  clock_.back = -std::chrono::seconds(10);
  send("{}", "g");
  const auto delay = counts().delay;
  EXPECT_GE(delay, std::chrono::seconds(10));
  EXPECT_LT(delay, std::chrono::seconds(40));
  start();
  ASSERT_TRUE(until([&] { return counts().succeeded == 2; }));
  EXPECT_EQ(counts().delay.count(), 0);
}

TEST_F(EventDelayTest, AnEventThatWaitsForItsRetryIsNotLate) {
  close();
  options_.retry_delay = std::chrono::hours(1);
  open();
  start();
  dispatcher_.script = [](const auto&) { return ScriptedDispatcher::failure(); };
  send("{}", "f");
  ASSERT_TRUE(until([&] { return counts().waiting == 1 && counts().retried == 1; }));
  EXPECT_EQ(counts().delay.count(), 0);
}

}  // namespace
}  // namespace proa::dispatch
