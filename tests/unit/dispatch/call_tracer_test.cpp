#include "dispatch/call_tracer.h"

#include "support/manual_clock.h"

#include <gtest/gtest.h>

namespace proa::dispatch {
namespace {

constexpr const char* kRoot = "Root=1-0af76519-16cd43dd8448eb211c80319c";

class CallTracerTest : public testing::Test {
 protected:
  CallTracerTest() {
    function_.account_id = "000000000000";
    function_.name = "f";
    invocation_.request_id = "a-request";
  }
  std::unique_ptr<telemetry::CallSpan> begin(CallTracer& tracer, const std::string& trace) {
    invocation_.trace_id = trace;
    return tracer.begin(invocation_);
  }

  ManualClock clock_;
  model::FunctionVersion function_;
  model::Invocation invocation_;
};

TEST_F(CallTracerTest, ASampledCallIsAChildOfItsCallerAndTheParentOfWhatItCalls) {
  CallTracer tracer(clock_, {});
  const auto span =
      begin(tracer, std::string(kRoot) + ";Parent=b7ad6b7169203331;Sampled=1;Lineage=x:1");
  ASSERT_TRUE(span);
  EXPECT_EQ(span->trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(span->parent_id, "b7ad6b7169203331");
  EXPECT_EQ(span->span_id.size(), 16U);
  EXPECT_EQ(invocation_.trace_id, std::string(kRoot) + ";Parent=" + span->span_id + ";Sampled=1");
  EXPECT_EQ(span->began, clock_.wall_now());
}

TEST_F(CallTracerTest, WhoDecidedAgainstItIsObeyedAndTheHeaderStays) {
  CallTracer tracer(clock_, {});
  for (const std::string& trace : {std::string(kRoot) + ";Sampled=0;Lineage=x:1",
                                   std::string("Root=1-a-b;Sampled=1"), std::string()}) {
    EXPECT_FALSE(begin(tracer, trace)) << trace;
    EXPECT_EQ(invocation_.trace_id, trace);
  }
}

TEST_F(CallTracerTest, WhereNobodyDecidedTheShareDoes) {
  CallTracer all(clock_, {});
  ASSERT_TRUE(begin(all, kRoot));
  EXPECT_TRUE(invocation_.trace_id.ends_with(";Sampled=1")) << "what it calls is recorded, too";
  CallTracer::Options none;
  none.sample_share = 0;
  CallTracer no_call(clock_, none);
  EXPECT_FALSE(begin(no_call, kRoot));
}

TEST_F(CallTracerTest, TheSpanTellsHowTheCallWent) {
  CallTracer tracer(clock_, {});
  model::InvocationResult ran;
  ran.environment_id = "e";
  ran.start = model::Start::parked;
  ran.duration = std::chrono::milliseconds(3);
  ran.init_duration = std::chrono::milliseconds(2);
  ran.failure = model::FailureKind::timeout;
  auto span = begin(tracer, std::string(kRoot) + ";Sampled=1");
  tracer.end(*span, function_, ran, std::chrono::milliseconds(9));
  span = begin(tracer, std::string(kRoot) + ";Sampled=1");
  tracer.end(*span, function_, Error(Errc::throttled, "ConcurrentInvocationLimitExceeded"),
             std::chrono::milliseconds(0));
  const auto taken = tracer.take();
  ASSERT_EQ(taken.spans.size(), 2U);
  const auto& first = taken.spans[0];
  EXPECT_EQ(first.function, "f");
  EXPECT_EQ(first.environment_id, "e");
  EXPECT_EQ(first.took, std::chrono::milliseconds(9));
  EXPECT_EQ(first.error, "timeout");
  EXPECT_EQ(first.init_span_id.size(), 16U);
  EXPECT_NE(first.init_span_id, first.span_id);
  EXPECT_EQ(taken.spans[1].error, "throttled");
  EXPECT_EQ(taken.spans[1].error_message, "ConcurrentInvocationLimitExceeded");
  EXPECT_EQ(taken.spans[1].environment_id, "");
  EXPECT_TRUE(tracer.take().spans.empty());
}

TEST_F(CallTracerTest, WhatHasNoRoomIsDroppedAndCounted) {
  CallTracer::Options options;
  options.spans_max = 2;
  CallTracer tracer(clock_, options);
  const auto call = [&] {
    auto span = begin(tracer, std::string(kRoot) + ";Sampled=1");
    tracer.end(*span, function_, model::InvocationResult(), std::chrono::milliseconds(1));
  };
  for (int i = 0; i < 5; ++i) call();
  auto taken = tracer.take();
  EXPECT_EQ(taken.spans.size(), 2U);
  EXPECT_EQ(taken.dropped, 3U);
  call();
  taken = tracer.take();
  EXPECT_EQ(taken.spans.size(), 1U);
  EXPECT_EQ(taken.dropped, 3U);
}

}  // namespace
}  // namespace proa::dispatch
