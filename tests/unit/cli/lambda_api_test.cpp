#include "cli/lambda_api.h"

#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

TEST(LambdaApi, PathsKeepArnsAndSlashesInOneSegment) {
  EXPECT_EQ(functions_path("f"), "/2015-03-31/functions/f");
  EXPECT_EQ(functions_path("f:1", "/invocations"), "/2015-03-31/functions/f%3A1/invocations");
  EXPECT_EQ(functions_path("a/../b", "/concurrency", "2017-10-31"),
            "/2017-10-31/functions/a%2F..%2Fb/concurrency");
}

TEST_F(CliDaemonTest, AllPagesAreOneList) {
  bodies_ = {R"({"Functions":[1],"NextMarker":"a b"})", R"({"Functions":[2,3],"NextMarker":null})"};
  const auto all = ask_all(around_, "/list?", {"Functions", "NextMarker", "Marker"});
  EXPECT_EQ(all.value().size(), 3U);
  EXPECT_EQ(asked_, "GET /list?&Marker=a%20b ");
}

TEST_F(CliDaemonTest, PagesThatNeverEndAreAnError) {
  body_ = R"({"Functions":[1],"NextMarker":"x"})";
  const auto all = ask_all(around_, "/list?", {"Functions", "NextMarker", "Marker"});
  EXPECT_EQ(all.error().code(), Errc::corrupt);
  body_ = R"({"functions":[1]})";
  EXPECT_EQ(ask_all(around_, "/list?", {"Functions", "NextMarker", "Marker"}).error().code(),
            Errc::corrupt);
}

}  // namespace
}  // namespace proa::cli
