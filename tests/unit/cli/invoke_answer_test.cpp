#include "cli/invoke_answer.h"

#include "base/encoding.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

namespace json = boost::json;

CallAnswer answer_with(std::string payload, std::string log_tail = {}, std::string error = {}) {
  http::Response response(200);
  response.headers.add("x-amzn-RequestId", "r-1");
  response.headers.add("X-Amz-Executed-Version", "$LATEST");
  response.headers.add("X-Proa-Start", "warm");
  if (!error.empty()) response.headers.add("X-Amz-Function-Error", error);
  if (!log_tail.empty()) response.headers.add("X-Amz-Log-Result", to_base64(log_tail));
  response.body = std::move(payload);
  return call_answer(response, std::chrono::microseconds(1500));
}

TEST(InvokeAnswer, TheSummaryIsOneLine) {
  EXPECT_EQ(summary(Screen(), answer_with("{}")), "done in 1.50 ms (warm), request id r-1\n");
  EXPECT_EQ(summary(Screen(), answer_with("{}", "", "Unhandled")),
            "function failed in 1.50 ms (warm), request id r-1\n");
}

TEST(InvokeAnswer, TheKernelOfAMachineIsNamed) {
  CallAnswer answer = answer_with("{}");
  EXPECT_FALSE(json::parse(json_document(answer)).as_object().contains("kernel"));
  answer.kernel = "net";
  EXPECT_EQ(summary(Screen(), answer), "done in 1.50 ms (warm, kernel net), request id r-1\n");
  EXPECT_EQ(json::parse(json_document(answer)).at("kernel"), "net");
}

TEST(InvokeAnswer, ErrorsOfPythonAndNodeAreTold) {
  EXPECT_EQ(account_of_error(Screen(), R"({"errorType":"KeyError","errorMessage":"'x'",
      "stackTrace":["  File \"app.py\", line 2\n    boom\n"]})"),
            "KeyError: 'x'\n    File \"app.py\", line 2\n      boom\n");
  EXPECT_EQ(account_of_error(Screen(), R"({"errorType":"Error","errorMessage":"no","trace":
      ["Error: no","    at app.js:1"]})"),
            "Error: no\n  Error: no\n      at app.js:1\n");
  EXPECT_EQ(account_of_error(Screen(), R"({"errorMessage":"a\u001b[2J"})"),
            "The function failed: a [2J\n");
}

TEST(InvokeAnswer, OddErrorsAreShownAsTheyCame) {
  EXPECT_EQ(account_of_error(Screen(), "no JSON"), "The function failed: no JSON\n");
  EXPECT_EQ(account_of_error(Screen(), "[]"), "The function failed: []\n");
  EXPECT_EQ(account_of_error(Screen(), R"({"errorType":7,"stackTrace":{}})"),
            "The function failed: {\"errorType\":7,\"stackTrace\":{}}\n");
}

TEST(InvokeAnswer, TheDocumentHoldsThePayloadAsItCame) {
  const std::string text =
      json_document(answer_with(R"({"b":12345678901234567890123,"a":1.0})", "line\n"));
  EXPECT_NE(text.find(R"("payload": {"b":12345678901234567890123,"a":1.0})"), std::string::npos);
  const json::value document = json::parse(text);
  EXPECT_EQ(document.at("request_id"), "r-1");
  EXPECT_EQ(document.at("log_tail"), "line\n");
  EXPECT_FALSE(document.as_object().contains("function_error"));
}

TEST(InvokeAnswer, WhatIsNoJsonIsBase64) {
  const std::string binary("\0\xff\x01", 3);
  const json::value document = json::parse(json_document(answer_with(binary, "", "Unhandled")));
  EXPECT_EQ(document.at("payload_base64"), json::string(to_base64(binary)));
  EXPECT_EQ(document.at("function_error"), "Unhandled");
  EXPECT_FALSE(document.as_object().contains("payload"));
}

TEST(InvokeAnswer, ATailThatBeginsWithinACharacterIsText) {
  EXPECT_EQ(json::parse(json_document(answer_with("1", "\xa4 \u00e4"))).at("log_tail"), " \u00e4");
  EXPECT_EQ(json::parse(json_document(answer_with("1", "a\xff\xfe"))).at("log_tail"), "a??");
}

}  // namespace
}  // namespace proa::cli
