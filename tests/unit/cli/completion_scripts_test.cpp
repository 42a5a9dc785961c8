#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

TEST_F(CliDaemonTest, ScriptsCallTheHiddenVerb) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = run({"completion", shell});
    EXPECT_EQ(code_, 0);
    EXPECT_NE(script.find(" complete "), std::string::npos) << shell;
    EXPECT_TRUE(script.ends_with("\n"));
  }
  EXPECT_TRUE(all_asked_.empty());
  run({"completion", "tcsh"});
  EXPECT_EQ(code_, 2);
  EXPECT_NE(noted_.find("bash"), std::string::npos) << noted_;
}

}  // namespace
}  // namespace proa::cli
