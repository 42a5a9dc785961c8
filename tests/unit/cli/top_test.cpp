#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

TEST_F(CliDaemonTest, TopWithoutATerminalIsOneTable) {
  body_ = R"({"began":"b","host":{"environments":1,"environments_max":64},"functions":[],
              "environments":[{"id":"0011","function":"f","state":"busy","in_state_ms":1500.0,
                               "timeout_ms":3000,"request_id":"r"}]})";
  const std::string text = run({"top"});
  EXPECT_NE(text.find("environments 1 of 64;"), std::string::npos) << text;
  EXPECT_NE(text.find("f         busy   1.5s  3.0s     r "), std::string::npos) << text;
  EXPECT_EQ(asked_, "GET /proa/v1/environments?limit=1000 ");
}

TEST_F(CliDaemonTest, TopWithJsonGivesTheAnswer) {
  body_ = R"({"environments":[]})";
  EXPECT_EQ(run({"top", "--json"}), "{\n  \"environments\": []\n}\n");
  EXPECT_NE(run({"top", "--once"}).find("error: the answer has no list"), std::string::npos);
}

}  // namespace
}  // namespace proa::cli
