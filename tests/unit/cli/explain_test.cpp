#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

constexpr const char* kDecisions =
    R"({"function":"arn:f","version":"$LATEST","decisions":[)"
    R"({"decision":"environment","chosen":"idle@0","reason":"why","unit":"ms",)"
    R"("outcome":"X-Proa-Start: warm",)"
    R"("inputs":[{"name":"size of /tmp","value":"512 MiB","from":"default"}],)"
    R"("candidates":[{"name":"idle@0","detail":"0011, frozen","missing":"","cost":0.01},)"
    R"({"name":"new@0","detail":"","missing":"room","cost":null}]},)"
    R"({"decision":"runtime","chosen":null,"reason":"no Python","outcome":"","unit":"",)"
    R"("inputs":[],"candidates":[]}]})";

TEST_F(CliDaemonTest, ExplainTellsEachDecisionWithItsReasons) {
  body_ = kDecisions;
  EXPECT_EQ(run({"explain", "f", "--qualifier", "7"}),
            "The next call of arn:f:$LATEST\n\n"
            "environment idle@0\n"
            "  X-Proa-Start: warm\n"
            "  why\n"
            "  size of /tmp = 512 MiB (default)\n"
            "  + idle@0  0.01ms  0011, frozen\n"
            "  - new@0: no room\n\n"
            "runtime     nothing fits\n"
            "  no Python\n");
  EXPECT_EQ(asked_, "GET /proa/v1/functions/f/explain?&Qualifier=7 ");
}

TEST_F(CliDaemonTest, ExplainWithJsonGivesTheAnswer) {
  body_ = R"({"decisions":[]})";
  EXPECT_EQ(run({"explain", "f", "--json"}), "{\n  \"decisions\": []\n}\n");
  body_ = R"({})";
  EXPECT_NE(run({"explain", "f"}).find("error: the answer has no list"), std::string::npos);
}

}  // namespace
}  // namespace proa::cli
