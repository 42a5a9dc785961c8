#include "unit/api/fakes.h"

namespace proa::api {
namespace {

TEST_F(ApiTest, GetFunctionConfigurationAnswersTheConfigurationAlone) {
  catalog_.put("f");
  const auto response = send("GET", "/2015-03-31/functions/f/configuration");
  ASSERT_EQ(response.status, 200);
  const boost::json::object answer = body_of(response);
  EXPECT_EQ(text(answer, "FunctionName"), "f");
  EXPECT_EQ(text(answer, "State"), "Active");
  EXPECT_EQ(text(answer, "LastUpdateStatus"), "Successful");
  EXPECT_FALSE(answer.contains("Code"));
}

TEST_F(ApiTest, GetFunctionConfigurationNamesAMissingFunction) {
  EXPECT_EQ(failure(send("GET", "/2015-03-31/functions/none/configuration")),
            "404 ResourceNotFoundException User Message=Function not found: "
            "arn:aws:lambda:us-east-1:000000000000:function:none");
}

}  // namespace
}  // namespace proa::api
