#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

constexpr const char* kPermission =
    R"(POST /2015-03-31/functions/f/policy {"StatementId":"FunctionURLAllowPublicAccess",)"
    R"("Action":"lambda:InvokeFunctionUrl","Principal":"*","FunctionUrlAuthType":"NONE"})";

class UrlVerbsTest : public CliDaemonTest {
 protected:
  UrlVerbsTest() { body_ = R"({"FunctionUrl":"http://id.lambda-url.r.localhost/"})"; }
};

TEST_F(UrlVerbsTest, CreateAsksForSignaturesIfNothingElseIsSaid) {
  EXPECT_EQ(run({"url", "create", "f"}),
            "http://id.lambda-url.r.localhost/\n"
            "Requests must be signed (SigV4, service lambda).\n");
  EXPECT_EQ(asked_, R"(POST /2021-10-31/functions/f/url {"AuthType":"AWS_IAM"})");
}

TEST_F(UrlVerbsTest, CreateForEverybodyLetsEverybodyIn) {
  EXPECT_EQ(run({"url", "create", "f", "--auth", "none"}),
            "http://id.lambda-url.r.localhost/\nEverybody may call it.\n");
  ASSERT_EQ(all_asked_.size(), 2U);
  EXPECT_EQ(all_asked_[0], R"(POST /2021-10-31/functions/f/url {"AuthType":"NONE"})");
  EXPECT_EQ(all_asked_[1], kPermission);
}

TEST_F(UrlVerbsTest, CreateChangesTheUrlThereIs) {
  statuses_ = {409, 200, 409};
  EXPECT_EQ(run({"url", "create", "f", "--auth", "none", "--allow-origin", "https://a.example",
                 "--allow-origin", "https://b.example", "--allow-method", "GET", "--allow-header",
                 "x-a"}),
            "http://id.lambda-url.r.localhost/\nEverybody may call it.\n");
  ASSERT_EQ(all_asked_.size(), 3U);
  EXPECT_EQ(all_asked_[1],
            R"(PUT /2021-10-31/functions/f/url {"AuthType":"NONE","Cors":{"AllowOrigins":)"
            R"(["https://a.example","https://b.example"],"AllowMethods":["GET"],)"
            R"("AllowHeaders":["x-a"]}})");
}

TEST_F(UrlVerbsTest, OtherAuthTypesAreRefusedByName) {
  EXPECT_NE(run({"url", "create", "f", "--auth", "basic"}).find("basic"), std::string::npos);
  EXPECT_EQ(code_, static_cast<int>(ExitCode::usage));
}

TEST_F(UrlVerbsTest, ListShowsThoseOfAliasesToo) {
  body_ = R"({"FunctionUrlConfigs":[{"FunctionUrl":"http://x/","AuthType":"NONE",
              "FunctionArn":"arn:f:live"}]})";
  EXPECT_EQ(run({"url", "list", "f"}), "URL        AUTH  FUNCTION\nhttp://x/  NONE  arn:f:live\n");
  body_ = R"({"FunctionUrlConfigs":[]})";
  EXPECT_EQ(run({"url", "list", "f"}), "f has no URL. Make one: proa url create f\n");
}

TEST_F(UrlVerbsTest, DeleteTakesThePermissionAlong) {
  statuses_ = {204, 404};
  body_ = "";
  EXPECT_EQ(run({"url", "delete", "f:live"}), "The URL of f:live is no more.\n");
  ASSERT_EQ(all_asked_.size(), 2U);
  EXPECT_EQ(all_asked_[0], "DELETE /2021-10-31/functions/f%3Alive/url ");
  EXPECT_EQ(all_asked_[1],
            "DELETE /2015-03-31/functions/f%3Alive/policy/FunctionURLAllowPublicAccess ");
}

}  // namespace
}  // namespace proa::cli
