#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

namespace proa::api {
namespace {

TEST_F(ApiTest, EveryAnswerHasARequestIdOfItsOwn) {
  const auto one = send("GET", "/proa/v1/health");
  const auto two = send("GET", "/proa/v1/health");
  EXPECT_EQ(one.header("x-amzn-RequestId")->size(), 36U);
  EXPECT_NE(one.header("x-amzn-RequestId"), two.header("x-amzn-RequestId"));
}

TEST_F(ApiTest, RefusesUnknownPathsAndMethods) {
  EXPECT_EQ(failure(send("GET", "/nothing")),
            "404 UnknownOperationException message=There is no operation GET /nothing");
  EXPECT_EQ(failure(send("PATCH", "/2015-03-31/functions/f")),
            "404 UnknownOperationException message=There is no operation PATCH "
            "/2015-03-31/functions/f");
  EXPECT_EQ(send("GET", "/").status, 404);
}

TEST_F(ApiTest, RepeatsBytesThatAreNoUtf8AsQuestionMarks) {
  EXPECT_EQ(failure(send("GET", "/2015-03-31/functions?Marker=%FF%FE")),
            "400 InvalidParameterValueException User message=The Marker '?"
            "?' is not one of "
            "ListFunctions");
}

TEST_F(ApiTest, LimitsBodiesByOperation) {
  http::Request request;
  request.method = "PUT";
  request.target = "/2015-03-31/functions/f/configuration";
  ASSERT_TRUE(http::parse_target(request));
  EXPECT_EQ(api_->body_limit(request), 1024U * 1024U);
  request.target = "/2015-03-31/functions/f/code";
  ASSERT_TRUE(http::parse_target(request));
  EXPECT_EQ(api_->body_limit(request), 70167211U);
  request.is_body_too_large = true;
  request.headers.add("Host", "localhost");
  EXPECT_EQ(
      failure(serve(request)),
      "413 RequestEntityTooLargeException message=Request must be smaller than 70167211 bytes "
      "for the UpdateFunctionCode operation");
}

TEST_F(ApiTest, TakesNothingInWhereTheDiskHasNoRoom) {
  catalog_.put("f");
  ApiOptions options;
  options.check_room = []() -> Result<void> { return Error(Errc::exhausted, "no room"); };
  make(std::move(options));
  for (const auto& [method, path] :
       std::vector<std::pair<std::string, std::string>>{{"POST", "/2015-03-31/functions"},
                                                        {"PUT", "/2015-03-31/functions/f/code"},
                                                        {"POST", "/2018-10-31/layers/l/versions"},
                                                        {"POST", "/proa/v1/uploads"}}) {
    EXPECT_EQ(failure(send(method, path, "{}")), "503 ServiceException Server Message=no room");
  }
  EXPECT_EQ(failure(send("POST", kInvokePath, "{}", {{"X-Amz-Invocation-Type", "Event"}})),
            "503 ServiceException Server Message=no room");
  EXPECT_FALSE(events_.ref);
  EXPECT_EQ(send("POST", kInvokePath, "{}").status, 200);
  EXPECT_EQ(send("GET", "/2015-03-31/functions/f").status, 200);
}

}  // namespace
}  // namespace proa::api
