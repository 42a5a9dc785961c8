#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

TEST_F(CliDaemonTest, AccountCreateSaysTheIdAndWhatIsNext) {
  status_ = 201;
  body_ = R"({"account_id":"123456789012","name":"team"})";
  EXPECT_EQ(run({"account", "create", "team", "--id", "123456789012"}),
            "Account team is 123456789012. Make a key for it: proa key create --account "
            "123456789012\n");
  EXPECT_EQ(asked_, R"(POST /proa/v1/accounts {"name":"team","account_id":"123456789012"})");
  EXPECT_EQ(signed_by_, "");
}

TEST_F(CliDaemonTest, AccountListIsATable) {
  body_ = R"({"accounts":[{"account_id":"000000000000","name":"default"}]})";
  EXPECT_EQ(run({"account", "list"}), "ACCOUNT       NAME     CREATED\n000000000000  default  -\n");
  EXPECT_EQ(asked_, "GET /proa/v1/accounts ");
}

}  // namespace
}  // namespace proa::cli
