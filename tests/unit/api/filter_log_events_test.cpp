#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class FilterLogEventsTest : public ApiTest {
 protected:
  FilterLogEventsTest() {
    logs_.put("g", "a", "one ERROR\n");
    logs_.put("g", "b", "two\n");
    logs_.put("g", "a", "three ERROR\n");
  }
  /// One request over a connection, which keeps what it was told before.
  boost::json::object ask(const std::string& more, const std::string& agent = {},
                          http::Asker* asker = nullptr) {
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.headers.add("Host", "localhost");
    request.headers.add("X-Amz-Target", "Logs_20140328.FilterLogEvents");
    if (!agent.empty()) request.headers.add("User-Agent", agent);
    request.body = R"({"logGroupName":"g")" + more + "}";
    request.kept = kept_;
    request.asker = asker;
    EXPECT_TRUE(http::parse_target(request));
    const auto response = serve(request);
    kept_ = request.kept;
    EXPECT_EQ(response.status, 200) << response.body;
    return body_of(response);
  }
  std::string messages(const boost::json::object& answer) {
    std::string all;
    for (const auto& event : answer.at("events").as_array()) {
      all += text(event.as_object(), "message");
    }
    return all;
  }
  std::string refused(const std::string& more) {
    return failure(send_logs("FilterLogEvents", R"({"logGroupName":"g")" + more + "}"));
  }
  std::any kept_;
};

constexpr const char* kTail = "aws-cli/2.9.19 Python/3.11.2 Linux/6.1 prompt/off command/logs.tail";

TEST_F(FilterLogEventsTest, ByPatternStreamAndTime) {
  EXPECT_EQ(messages(ask("")), "one ERROR\ntwo\nthree ERROR\n");
  EXPECT_EQ(messages(ask(R"(,"filterPattern":"ERROR -one")")), "three ERROR\n");
  EXPECT_EQ(messages(ask(R"(,"logStreamNames":["b"])")), "two\n");
  EXPECT_EQ(messages(ask(R"(,"logStreamNamePrefix":"a")")), "one ERROR\nthree ERROR\n");
  EXPECT_EQ(messages(ask(R"(,"startTime":1700000001000,"endTime":1700000001000)")), "two\n");
  const auto answer = ask(R"(,"interleaved":true)");
  EXPECT_EQ(answer.at("searchedLogStreams").as_array().size(), 0U);
  EXPECT_FALSE(answer.contains("nextToken"));
}

TEST_F(FilterLogEventsTest, PageByPageWithoutATokenAtTheEnd) {
  auto answer = ask(R"(,"limit":2)");
  EXPECT_EQ(messages(answer), "one ERROR\ntwo\n");
  answer = ask(R"(,"limit":2,"nextToken":")" + text(answer, "nextToken") + "\"");
  EXPECT_EQ(messages(answer), "three ERROR\n");
  EXPECT_FALSE(answer.contains("nextToken"));
}

TEST_F(FilterLogEventsTest, WhatIsWrong) {
  EXPECT_EQ(refused(R"(,"filterPattern":"{ $.a")"),
            "400 InvalidParameterException message=If a filter pattern starts with '{' it must end "
            "with '}'");
  EXPECT_EQ(refused(R"(,"filterPattern":"a:b")").substr(0, 70),
            "400 InvalidParameterException message=Invalid character(s) in term ':'");
  EXPECT_EQ(refused(R"(,"logStreamNames":["a"],"logStreamNamePrefix":"b")"),
            "400 InvalidParameterException message=Only one of logStreamNames and "
            "logStreamNamePrefix can be given, not both");
  EXPECT_EQ(refused(R"(,"startTime":-5)"),
            "400 InvalidParameterException message=1 validation error detected: Value '-5' at "
            "'startTime' failed to satisfy constraint: Member must have value greater than or "
            "equal to 0");
  EXPECT_EQ(refused(R"(,"nextToken":"zzz")"),
            "400 InvalidParameterException message=The specified nextToken is invalid.");
  EXPECT_EQ(refused(R"(,"unmask":true)"),
            "400 InvalidParameterException message=unmask is not supported by Proa yet");
  EXPECT_TRUE(refused(R"(,"logStreamNames":[])").ends_with("greater than or equal to 1"));
  EXPECT_TRUE(refused(R"(,"limit":10001)").ends_with("less than or equal to 10000"));
}

TEST_F(FilterLogEventsTest, WhoFollowsGetsANewLineAtOnceAndGoesOn) {
  auto answer = ask(R"(,"filterPattern":"ERROR")", kTail);
  EXPECT_FALSE(answer.contains("nextToken"));  // the last page: without --follow it ends here
  EXPECT_EQ(logs_.waits, 0);
  logs_.on_wait = [this] {
    logs_.put("g", "a", logs_.waits < 3 ? "noise\n" : "four ERROR\n");
    return true;
  };
  answer = ask(R"(,"startTime":1700000002001,"filterPattern":"ERROR")", kTail);
  EXPECT_EQ(messages(answer), "four ERROR\n");
  EXPECT_EQ(logs_.waits, 3);
  logs_.on_wait = [] { return false; };  // 20 s are over
  answer =
      ask(R"(,"filterPattern":"ERROR","nextToken":")" + text(answer, "nextToken") + "\"", kTail);
  EXPECT_EQ(messages(answer), "");
  EXPECT_TRUE(answer.contains("nextToken"));
}

TEST_F(FilterLogEventsTest, OthersAreNeverHeld) {
  logs_.on_wait = [] { return true; };
  for (const char* agent :
       {"Boto3/1.26 Botocore/1.29", "aws-cli/2.9.19 command/logs.filter-log-events",
        "x-command/logs.tail", "command/logs.tailor"}) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(ask(R"(,"startTime":1700000009000)", agent).contains("nextToken")) << agent;
    }
  }
  EXPECT_FALSE(ask("", kTail).contains("nextToken"));
  kept_.reset();  // a tail of its own
  EXPECT_FALSE(ask("", "aws-cli/1.45 md/command#logs.tail").contains("nextToken"));
  EXPECT_TRUE(ask("", "aws-cli/1.45 md/command#logs.tail").contains("nextToken"));
  EXPECT_EQ(logs_.waits, 0);
}

TEST_F(FilterLogEventsTest, AFollowerOfAnotherGroupIsNotKnown) {
  (void)ask("", kTail);
  logs_.put("other", "a", "x\n");
  http::Request request;
  request.kept = kept_;
  request.method = "POST";
  request.target = "/";
  request.headers.add("X-Amz-Target", "Logs_20140328.FilterLogEvents");
  request.headers.add("User-Agent", kTail);
  request.body = R"({"logGroupName":"other"})";
  ASSERT_TRUE(http::parse_target(request));
  EXPECT_FALSE(body_of(serve(request)).contains("nextToken"));
}

}  // namespace
}  // namespace proa::api
