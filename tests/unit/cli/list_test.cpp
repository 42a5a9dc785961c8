#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

const std::string kPage = R"({"Functions":[{"FunctionName":"a","FunctionArn":"arn:a",
  "Runtime":"python3.11","MemorySize":128,"Timeout":3,"CodeSize":2048,
  "LastModified":"2025-11-26T05:20:42.000+0000"}],"NextMarker":"m"})";

TEST_F(CliDaemonTest, ListShowsAllPages) {
  bodies_ = {kPage, R"({"Functions":[{"FunctionName":"b"}]})"};
  EXPECT_EQ(run({"list"}),
            "NAME  RUNTIME     MEMORY  TIMEOUT     CODE  MODIFIED\n"
            "a     python3.11  128 MB      3 s  2.0 KiB        2m\n"
            "b     -             - MB      - s      0 B         -\n");
  EXPECT_EQ(asked_, "GET /2015-03-31/functions?MaxItems=50&Marker=m ");
  bodies_ = {kPage, R"({"Functions":[]})"};
  EXPECT_NE(run({"ls", "--json"}).find("\"Functions\": [\n"), std::string::npos);
}

TEST_F(CliDaemonTest, ListAsksForTagsWhereTheyAreWanted) {
  bodies_ = {kPage, R"({"Functions":[]})", R"({"Tags":{"team":"x","proa:idle":"freeze=1s"}})"};
  EXPECT_NE(run({"list", "--tags"}).find("team=x, proa:idle=freeze=1s\n"), std::string::npos);
  EXPECT_EQ(asked_, "GET /2017-03-31/tags/arn%3Aa ");
}

TEST_F(CliDaemonTest, ListOfNothingSaysSoBesideTheAnswer) {
  body_ = R"({"Functions":[]})";
  EXPECT_EQ(run({"list"}), "");
  EXPECT_EQ(noted_, "No functions yet.\n");
  EXPECT_EQ(run({"list", "--json"}), "{\n  \"Functions\": []\n}\n");
}

TEST_F(CliDaemonTest, OddListsAreErrors) {
  for (const char* body : {"[]", "{}", R"({"Functions":7})", "<html>"}) {
    body_ = body;
    EXPECT_TRUE(run({"list"}).starts_with("error: the answer")) << body;
    EXPECT_EQ(code_, 1);
  }
  body_ = R"({"Functions":[null, 7, {"CodeSize":-1,"Timeout":"x"}]})";
  EXPECT_EQ(run({"list"}).find("error"), std::string::npos);
  body_ = R"({"Functions":[7],"Tags":7})";
  run({"list", "--tags"});
  EXPECT_EQ(code_, 0);
}

}  // namespace
}  // namespace proa::cli
