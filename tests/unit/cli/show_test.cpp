#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

TEST_F(CliDaemonTest, ShowIsForPeopleOrPrograms) {
  const std::string document =
      R"({"Configuration":{"FunctionName":"f","Environment":{"Variables":{"A":"secret"}}}})";
  statuses_ = {200, 404};
  body_ = document;
  const std::string text = run({"show", "f:1"});
  EXPECT_EQ(all_asked_.front(), "GET /2015-03-31/functions/f%3A1 ");
  EXPECT_TRUE(text.starts_with("f\n"));
  EXPECT_EQ(text.find("secret"), std::string::npos);
  statuses_ = {200, 404};
  EXPECT_NE(run({"show", "f", "--show-env"}).find("A=secret"), std::string::npos);
  statuses_ = {200, 404};
  EXPECT_NE(run({"show", "f", "--json"}).find("\"A\": \"secret\""), std::string::npos);
}

TEST_F(CliDaemonTest, ShowOfNothingEndsWithFour) {
  status_ = 404;
  body_ = R"({"Message":"Function not found: f"})";
  EXPECT_EQ(run({"show", "f"}), "error: Function not found: f");
  EXPECT_EQ(code_, 4);
}

}  // namespace
}  // namespace proa::cli
