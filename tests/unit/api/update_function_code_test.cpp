#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

class UpdateFunctionCodeTest : public ApiTest {
 protected:
  UpdateFunctionCodeTest() { catalog_.put("f"); }
};

TEST_F(UpdateFunctionCodeTest, UpdateCodeAnswersInProgress) {
  const auto response = send("PUT", "/2015-03-31/functions/f/code",
                             R"({"ZipFile": ")" + to_base64("new") + R"(", "RevisionId": "r"})");
  ASSERT_EQ(response.status, 200) << response.body;
  const json::object answer = body_of(response);
  EXPECT_EQ(text(answer, "State"), "Active");
  EXPECT_EQ(text(answer, "LastUpdateStatus"), "InProgress");
  EXPECT_EQ(text(answer, "LastUpdateStatusReason"), "The function is being created.");
  EXPECT_EQ(text(answer, "LastUpdateStatusReasonCode"), "Creating");
  EXPECT_EQ(catalog_.code_change->zip, "new");
  EXPECT_EQ(catalog_.code_change->revision_id, "r");
  EXPECT_FALSE(catalog_.code_change->is_dry_run);
}

TEST_F(UpdateFunctionCodeTest, UpdateCodeAsADryRunChangesNothing) {
  const auto response =
      send("PUT", "/2015-03-31/functions/f/code", R"({"ZipFile": "bmV3", "DryRun": true})");
  EXPECT_TRUE(catalog_.code_change->is_dry_run);
  EXPECT_EQ(text(body_of(response), "LastUpdateStatus"), "Successful");
}

TEST_F(UpdateFunctionCodeTest, UpdateCodeRefusesBadInput) {
  const char* path = "/2015-03-31/functions/f/code";
  EXPECT_EQ(failure(send("PUT", path, "{}")),
            invalid("Please provide a source for function code."));
  EXPECT_EQ(failure(send("PUT", path, R"({"S3Bucket": "bucket"})")),
            invalid("Please provide both S3Bucket and S3Key as the source of the code."));
  EXPECT_EQ(failure(send("PUT", path, R"({"S3Bucket": "bu", "S3Key": "k"})")),
            "400 ValidationException message=1 validation error detected: Value 'bu' at 's3Bucket' "
            "failed to satisfy constraint: Member must satisfy regular expression pattern: "
            "[0-9A-Za-z\\.\\-_]*(?<!\\.)");
  EXPECT_EQ(
      failure(send("PUT", path, R"({"S3Bucket": "bucket", "S3Key": "k", "ZipFile": "eA=="})")),
      invalid("Please do not provide other FunctionCode parameters when providing a "
              "ZipFile."));
  EXPECT_EQ(
      failure(send("PUT", path, R"({"S3Bucket": "bucket", "S3Key": "k", "S3ObjectVersion": "v"})")),
      invalid("S3ObjectVersion is not supported by Proa yet"));
  EXPECT_EQ(failure(send("PUT", path, R"({"DryRun": "yes"})")),
            "400 SerializationException message=The value of 'DryRun' is not true or false");
  catalog_.next_error = Error(Errc::precondition, "The RevisionId provided does not match");
  EXPECT_EQ(failure(send("PUT", path, R"({"ZipFile": "bmV3"})")),
            "412 PreconditionFailedException User message=The RevisionId provided does not match");
}

TEST_F(UpdateFunctionCodeTest, CodeMayBeAnObject) {
  const auto answer =
      send("PUT", "/2015-03-31/functions/f/code", R"({"S3Bucket": "bucket", "S3Key": "a/b.zip"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  ASSERT_TRUE(catalog_.code_change->object);
  EXPECT_EQ(catalog_.code_change->object->bucket, "bucket");
  EXPECT_EQ(catalog_.code_change->object->key, "a/b.zip");
  EXPECT_EQ(catalog_.code_change->zip, "");
}

}  // namespace
}  // namespace proa::api
