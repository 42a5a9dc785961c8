#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class GetLogEventsTest : public ApiTest {
 protected:
  GetLogEventsTest() {
    for (int i = 1; i <= 5; ++i) {
      logs_.put("g", "s", std::to_string(i));
      logs_.put("g", "other", "x");
    }
  }
  /// The messages, or the failure; the answer's tokens are kept.
  std::string messages(const std::string& more, const std::string& stream = "s") {
    const auto response = send_logs(
        "GetLogEvents", R"({"logGroupName":"g","logStreamName":")" + stream + "\"" + more + "}");
    if (response.status != 200) return failure(response);
    const auto answer = body_of(response);
    forward_ = text(answer, "nextForwardToken");
    backward_ = text(answer, "nextBackwardToken");
    std::string all;
    for (const auto& event : answer.at("events").as_array()) {
      all += text(event.as_object(), "message");
    }
    return all;
  }
  std::string with_token(const std::string& token) {
    return messages(R"(,"limit":2,"startFromHead":true,"nextToken":")" + token + "\"");
  }
  std::string forward_;
  std::string backward_;
};

TEST_F(GetLogEventsTest, TheLastOnesInTheirOrder) {
  EXPECT_EQ(messages(R"(,"limit":2)"), "45");
  EXPECT_EQ(messages(""), "12345");
  EXPECT_EQ(messages(R"(,"limit":2,"startFromHead":true)"), "12");
}

TEST_F(GetLogEventsTest, ForwardToTheEndWhereTheTokenStays) {
  std::string all = messages(R"(,"limit":2,"startFromHead":true)");
  EXPECT_EQ(all, "12");
  EXPECT_EQ(with_token(forward_), "34");
  EXPECT_EQ(with_token(forward_), "5");
  const std::string last = forward_;
  EXPECT_EQ(with_token(last), "");
  EXPECT_EQ(forward_, last);
  logs_.put("g", "s", "6");
  EXPECT_EQ(with_token(last), "6");
}

TEST_F(GetLogEventsTest, BackwardToTheBeginningWhereTheTokenStays) {
  EXPECT_EQ(messages(R"(,"limit":2)"), "45");
  EXPECT_EQ(with_token(backward_), "23");
  EXPECT_EQ(with_token(backward_), "1");
  const std::string first = backward_;
  EXPECT_EQ(with_token(first), "");
  EXPECT_EQ(backward_, first);
}

TEST_F(GetLogEventsTest, ThereAndBackAgain) {
  EXPECT_EQ(messages(R"(,"limit":2,"startFromHead":true)"), "12");
  EXPECT_EQ(with_token(backward_), "");
  EXPECT_EQ(with_token(forward_), "12");
  EXPECT_EQ(messages(""), "12345");
  EXPECT_EQ(with_token(forward_), "");
  EXPECT_EQ(with_token(backward_), "45");
}

TEST_F(GetLogEventsTest, ATimeRangeWithoutItsEnd) {
  const std::int64_t first = 1'700'000'000'000;  // FakeLogs: one a second, every other one is ours
  EXPECT_EQ(messages(",\"startTime\":" + std::to_string(first + 2000) +
                     ",\"endTime\":" + std::to_string(first + 4000)),
            "2");
}

TEST_F(GetLogEventsTest, WhatIsWrong) {
  EXPECT_EQ(messages("", "none"),
            "400 ResourceNotFoundException message=The specified log stream does not exist.");
  EXPECT_EQ(messages(",\"startTime\":9999999999999"), "");
  EXPECT_EQ(failure(send_logs("GetLogEvents", R"({"logGroupName":"none","logStreamName":"s"})")),
            "400 ResourceNotFoundException message=The specified log group does not exist.");
  for (const char* token : {"x", "f/", "f/%", "b/eA=="}) {
    EXPECT_EQ(with_token(token),
              "400 InvalidParameterException message=The specified nextToken is invalid.")
        << token;
  }
  EXPECT_TRUE(failure(send_logs("GetLogEvents", R"({"logGroupName":"g"})"))
                  .ends_with("Value null at 'logStreamName' failed to satisfy constraint: Member "
                             "must not be null"));
  EXPECT_TRUE(messages(R"(,"limit":0)").ends_with("greater than or equal to 1"));
  EXPECT_EQ(messages(R"(,"unmask":true)"),
            "400 InvalidParameterException message=unmask is not supported by Proa yet");
}

}  // namespace
}  // namespace proa::api
