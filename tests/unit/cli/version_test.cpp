#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

class VersionVerbsTest : public CliDaemonTest {};

TEST_F(VersionVerbsTest, PublishTellsTheVersionAndWhatIsNext) {
  status_ = 201;
  body_ = R"({"Version":"3","FunctionArn":"arn:f:3"})";
  EXPECT_EQ(run({"version", "publish", "f", "--description", "d"}),
            "Version 3 is arn:f:3\nLead calls to it: proa alias set f live 3\n");
  EXPECT_EQ(asked_, R"(POST /2015-03-31/functions/f/versions {"Description":"d"})");
  run({"version", "publish", "f"});
  EXPECT_EQ(asked_, "POST /2015-03-31/functions/f/versions {}");
}

TEST_F(VersionVerbsTest, ListShowsAllPages) {
  bodies_ = {R"({"Versions":[{"Version":"$LATEST","Runtime":"python3.11","MemorySize":128,
                "LastModified":"2025-11-26T05:20:42.000+0000"}],"NextMarker":"m"})",
             R"({"Versions":[{"Version":"1","Runtime":"python3.11","MemorySize":256,
                "LastModified":"2025-11-25T05:22:42.000+0000","Description":"first"}]})"};
  EXPECT_EQ(run({"version", "list", "f"}),
            "VERSION  RUNTIME     MEMORY  AGE  DESCRIPTION\n"
            "$LATEST  python3.11     128   2m  -\n"
            "1        python3.11     256   1d  first\n");
  EXPECT_EQ(asked_, "GET /2015-03-31/functions/f/versions?&Marker=m ");
}

TEST_F(VersionVerbsTest, RefusalsAreTheDaemons) {
  status_ = 404;
  body_ = R"({"Message":"Function not found: f"})";
  EXPECT_EQ(run({"version", "list", "f"}), "error: Function not found: f");
  EXPECT_EQ(code_, static_cast<int>(ExitCode::not_found));
}

}  // namespace
}  // namespace proa::cli
