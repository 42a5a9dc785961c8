#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

TEST_F(CliDaemonTest, DeleteAsksOnATerminal) {
  status_ = 204;
  body_ = "";
  around_.is_input_terminal = true;
  input_ = "y";
  EXPECT_EQ(run({"delete", "a", "b"}), "a is deleted.\nb is deleted.\n");
  EXPECT_EQ(noted_, "Delete a, b for good? [y/N] ");
  EXPECT_EQ(asked_, "DELETE /2015-03-31/functions/b ");
  input_ = "";
  EXPECT_EQ(run({"delete", "a"}).substr(0, 6), "error:");
  EXPECT_EQ(code_, 2);
  EXPECT_TRUE(all_asked_.empty());
}

TEST_F(CliDaemonTest, DeleteWithoutATerminalWantsYes) {
  status_ = 204;
  EXPECT_EQ(run({"delete", "a"}), "error: nothing is deleted: say --yes where nobody can be asked");
  EXPECT_EQ(code_, 2);
  EXPECT_TRUE(all_asked_.empty());
  EXPECT_EQ(run({"delete", "a", "--yes"}), "a is deleted.\n");
}

TEST_F(CliDaemonTest, DeleteGoesOnAndEndsWithTheFirstFailure) {
  statuses_ = {404, 204, 500};
  body_ = R"({"Message":"gone"})";
  EXPECT_EQ(run({"delete", "a", "b", "c", "-y"}), "b is deleted.\n");
  EXPECT_EQ(noted_, "proa: a: gone\nproa: c: gone\n");
  EXPECT_EQ(code_, 4);
  statuses_ = {404, 204};
  EXPECT_EQ(run({"delete", "a", "b", "-y", "--json"}),
            "{\n  \"deleted\": [\n    \"b\"\n  ],\n  \"failed\": [\n    {\n      \"name\": \"a\",\n"
            "      \"error\": \"gone\"\n    }\n  ]\n}\n");
}

}  // namespace
}  // namespace proa::cli
