#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

constexpr const char* kFirst = "00000000-0000-4000-8000-000000000001";
constexpr const char* kSecond = "00000000-0000-4000-8000-000000000002";

class LogsEndpointTest : public ApiTest {
 protected:
  LogsEndpointTest() {
    catalog_.put("f");
    logs_.put("/aws/lambda/f", "a", "one\n", kFirst);
    logs_.put("/aws/lambda/f", "b", "two\n", kSecond);
    logs_.put("/aws/lambda/f", "a", "three\n", kSecond);
  }
  boost::json::object ask(const std::string& more) {
    const auto response = send("GET", "/proa/v1/logs?function=f" + more);
    EXPECT_EQ(response.status, 200) << response.body;
    return body_of(response);
  }
  static std::string messages(const boost::json::object& answer) {
    std::string all;
    for (const auto& event : answer.at("events").as_array()) {
      all += text(event.as_object(), "message") + " ";
    }
    return all;
  }
  std::string refused(const std::string& query) {
    return failure(send("GET", "/proa/v1/logs" + query));
  }
};

TEST_F(LogsEndpointTest, TheLogOfAFunction) {
  const auto answer = ask("");
  EXPECT_EQ(answer.at("group"), "/aws/lambda/f");
  EXPECT_EQ(answer.at("is_end"), true);
  EXPECT_EQ(boost::json::serialize(answer.at("events").as_array().at(0)),
            R"({"time":"2023-11-14T22:13:20.000Z","stream":"a",)"
            R"("request_id":"00000000-0000-4000-8000-000000000001","message":"one"})");
  EXPECT_EQ(messages(answer), "one two three ");
}

TEST_F(LogsEndpointTest, PartsOfIt) {
  EXPECT_EQ(messages(ask("&stream=a")), "one three ");
  EXPECT_EQ(messages(ask(std::string("&request_id=") + kSecond)), "two three ");
  EXPECT_EQ(messages(ask("&filter=-two")), "one three ");
  EXPECT_EQ(messages(ask("&since=2023-11-14T22:13:21Z")), "two three ");
}

TEST_F(LogsEndpointTest, ForwardPageByPage) {
  auto answer = ask("&limit=2");
  EXPECT_EQ(messages(answer), "one two ");
  EXPECT_EQ(answer.at("is_end"), false);
  answer = ask("&limit=2&after=" + text(answer, "next"));
  EXPECT_EQ(messages(answer), "three ");
  EXPECT_EQ(answer.at("is_end"), true);
  EXPECT_EQ(messages(ask("&after=" + text(answer, "next"))), "");
}

TEST_F(LogsEndpointTest, TheLastEventsAndThoseBeforeThem) {
  auto answer = ask("&last=2");
  EXPECT_EQ(messages(answer), "two three ");
  EXPECT_EQ(messages(ask("&after=" + text(answer, "next"))), "");
  answer = ask("&last=2&before=" + text(answer, "previous"));
  EXPECT_EQ(messages(answer), "one ");
  EXPECT_FALSE(answer.contains("previous"));
}

TEST_F(LogsEndpointTest, AFunctionThatNeverLogged) {
  catalog_.put("quiet");
  const auto answer = body_of(send("GET", "/proa/v1/logs?function=quiet"));
  EXPECT_EQ(answer.at("has_logged"), false);
  EXPECT_EQ(answer.at("events").as_array().size(), 0U);
  EXPECT_EQ(refused("?function=nobody"),
            "404 ResourceNotFoundException User Message=Function not found: "
            "arn:aws:lambda:us-east-1:000000000000:function:nobody");
}

TEST_F(LogsEndpointTest, TheLogOutlivesItsFunction) {
  catalog_.records.clear();
  EXPECT_EQ(messages(ask("")), "one two three ");
}

TEST_F(LogsEndpointTest, TheGroupIsTheOneThatTheFunctionSays) {
  model::FunctionVersion version = *catalog_.records["f"].latest;
  version.logging.group = "shared";
  catalog_.records["f"].latest = std::make_shared<const model::FunctionVersion>(version);
  logs_.put("shared", "a", "elsewhere\n");
  EXPECT_EQ(messages(ask("")), "elsewhere ");
}

TEST_F(LogsEndpointTest, WhatIsWrong) {
  const std::string begin = "400 InvalidParameterValueException User message=";
  EXPECT_EQ(refused(""), begin + "function: whose log? Name a function");
  EXPECT_EQ(refused("?function=f&colour=red"), begin + "There is no parameter 'colour' of logs");
  EXPECT_EQ(refused("?function=f&since=x").substr(0, begin.size() + 10), begin + "since: 'x'");
  EXPECT_EQ(refused("?function=f&request_id=7"), begin + "request_id: '7' is no request id");
  EXPECT_EQ(refused("?function=f&after=7"), begin + "after: '7' is no place in a log");
  EXPECT_EQ(refused("?function=f&wait_s=21"), begin + "wait_s is a number from 0 to 20, not '21'");
  EXPECT_EQ(refused("?function=f&limit=x"), begin + "limit is a number from 1 to 10000, not 'x'");
  EXPECT_EQ(refused("?function=f&last=3&wait_s=1"),
            begin + "last goes backwards: it has no after and no wait_s");
  EXPECT_EQ(refused("?function=f&before=1-0-0"), begin + "before goes with last only");
  EXPECT_EQ(refused("?function=f&filter=a:b").substr(0, begin.size() + 32),
            begin + "Invalid character(s) in term ':'");
}

}  // namespace
}  // namespace proa::api
