#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

TEST_F(CliDaemonTest, KeyCreateShowsTheSecretReadyToUse) {
  status_ = 201;
  body_ = R"({"access_key_id":"PROA1","secret_access_key":"s","account_id":"000000000000",
              "rights":["invoke","admin"],"message":"This is the first key."})";
  EXPECT_EQ(run({"key", "create", "--right", "invoke", "--right", "admin"}),
            "Key of account 000000000000 with the rights invoke,admin:\n\n"
            "  export AWS_ACCESS_KEY_ID=PROA1\n  export AWS_SECRET_ACCESS_KEY=s\n\n"
            "This is the first key.\n");
  EXPECT_EQ(asked_, R"(POST /proa/v1/keys {"rights":["invoke","admin"]})");
}

TEST_F(CliDaemonTest, KeyVerbsSignWhereThereIsAKey) {
  around_.key_id = "PROA1";
  around_.secret = "s";
  body_ = R"({"auth":"on","keys":[{"access_key_id":"PROA1","account_id":"1","rights":["admin"]}]})";
  EXPECT_EQ(run({"key", "list"}),
            "KEY    ACCOUNT  RIGHTS  CREATED  DESCRIPTION\nPROA1  1        admin   -        -\n");
  EXPECT_TRUE(signed_by_.starts_with("AWS4-HMAC-SHA256 Credential=PROA1/")) << signed_by_;
}

TEST_F(CliDaemonTest, KeyListWithoutKeysSaysHowToMakeOne) {
  body_ = R"({"auth":"off","keys":[]})";
  EXPECT_EQ(run({"key", "list"}), "No keys (auth: off). Make one: proa key create\n");
  EXPECT_EQ(run({"key", "list", "--json"}), "{\n  \"auth\": \"off\",\n  \"keys\": []\n}\n");
}

TEST_F(CliDaemonTest, KeyRevokeNamesTheKeyAndPassesOnRefusals) {
  status_ = 204;
  body_ = "";
  EXPECT_EQ(run({"key", "revoke", "PROA1"}), "Key PROA1 is revoked.\n");
  EXPECT_EQ(asked_, "DELETE /proa/v1/keys/PROA1 ");
  status_ = 409;
  body_ = R"({"message":"is the last one"})";
  EXPECT_EQ(run({"key", "revoke", "PROA1"}), "error: is the last one");
}

}  // namespace
}  // namespace proa::cli
