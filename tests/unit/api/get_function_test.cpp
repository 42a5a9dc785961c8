#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

class GetFunctionTest : public ApiTest {
 protected:
  GetFunctionTest() { catalog_.put("f"); }
};

TEST_F(GetFunctionTest, GetFunctionIsActiveAtOnce) {
  const auto response = send("GET", kFunctionPath);
  ASSERT_EQ(response.status, 200);
  const json::object answer = body_of(response);
  const json::object& configuration = answer.at("Configuration").as_object();
  EXPECT_EQ(text(configuration, "State"), "Active");
  EXPECT_EQ(text(configuration, "LastUpdateStatus"), "Successful");
  EXPECT_FALSE(configuration.contains("StateReason"));
  EXPECT_EQ(text(configuration, "FunctionArn"), "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(text(answer.at("Code").as_object(), "RepositoryType"), "S3");
  EXPECT_FALSE(answer.contains("Tags"));
  EXPECT_FALSE(answer.contains("Concurrency"));
}

TEST_F(GetFunctionTest, GetFunctionShowsTagsAndConcurrencyWhenThereAreSome) {
  catalog_.put("f", {{"team", "a"}});
  catalog_.records["f"].reserved_concurrency = 5;
  const json::object answer = body_of(send("GET", kFunctionPath));
  EXPECT_EQ(json::serialize(answer.at("Tags")), R"({"team":"a"})");
  EXPECT_EQ(json::serialize(answer.at("Concurrency")), R"({"ReservedConcurrentExecutions":5})");
}

TEST_F(GetFunctionTest, ShowsTheImageOfAFunction) {
  model::FunctionVersion version = *catalog_.records["f"].latest;
  version.image.emplace().uri = "app:1";
  version.image->resolved_uri = "app@sha256:aa";
  catalog_.records["f"].latest = std::make_shared<const model::FunctionVersion>(version);
  const json::object answer = body_of(send("GET", kFunctionPath));
  EXPECT_EQ(json::serialize(answer.at("Code")),
            R"({"RepositoryType":"ECR","ImageUri":"app:1","ResolvedImageUri":"app@sha256:aa"})");
  EXPECT_FALSE(answer.at("Configuration").as_object().contains("ImageConfigResponse"));
}

TEST_F(GetFunctionTest, AQualifierShowsInTheArn) {
  const json::object one = body_of(send("GET", "/2015-03-31/functions/f?Qualifier=%24LATEST"));
  EXPECT_EQ(text(one.at("Configuration").as_object(), "FunctionArn"),
            "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST");
  const json::object two =
      body_of(send("GET", "/2015-03-31/functions/f%3A%24LATEST/configuration/"));
  EXPECT_EQ(text(two, "FunctionArn"), "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST");
}

TEST_F(GetFunctionTest, NamesAMissingFunction) {
  EXPECT_EQ(failure(send("GET", "/2015-03-31/functions/none")), kNoSuchFunction);
  EXPECT_EQ(failure(send("GET", "/2015-03-31/functions/f?Qualifier=3")),
            "404 ResourceNotFoundException User Message=Function not found: "
            "arn:aws:lambda:us-east-1:000000000000:function:f:3");
}

}  // namespace
}  // namespace proa::api
