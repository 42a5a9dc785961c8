#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

constexpr const char* kWeighted = R"({"Name":"live","FunctionVersion":"1",
    "RoutingConfig":{"AdditionalVersionWeights":{"2":0.1}}})";

class AliasVerbsTest : public CliDaemonTest {};

TEST_F(AliasVerbsTest, SetChangesTheAliasThereIs) {
  body_ = kWeighted;
  EXPECT_EQ(run({"alias", "set", "f", "live", "1", "--also", "2=10%"}),
            "live leads to version 1, and 10 % of calls to version 2\n"
            "Call it: proa invoke f:live\n");
  EXPECT_EQ(asked_, R"(PUT /2015-03-31/functions/f/aliases/live {"FunctionVersion":"1",)"
                    R"("RoutingConfig":{"AdditionalVersionWeights":{"2":1E-1}}})");
}

TEST_F(AliasVerbsTest, SetMakesTheAliasThereIsNot) {
  statuses_ = {404, 201};
  body_ = R"({"Name":"live","FunctionVersion":"1"})";
  EXPECT_EQ(run({"alias", "set", "f", "live", "1"}),
            "live leads to version 1\nCall it: proa invoke f:live\n");
  EXPECT_EQ(asked_, R"(POST /2015-03-31/functions/f/aliases {"FunctionVersion":"1",)"
                    R"("RoutingConfig":{"AdditionalVersionWeights":{}},"Name":"live"})")
      << "and without --also all calls go to one version";
}

TEST_F(AliasVerbsTest, SharesThatAreNoneAreRefusedByName) {
  for (const std::string share : {"2", "=10", "2=x", "2=101%", "2=-1", "2=10%%", "2="}) {
    EXPECT_EQ(run({"alias", "set", "f", "live", "1", "--also", share}),
              "error: --also is VERSION=PERCENT, such as 2=10%, and not " + share);
  }
  EXPECT_EQ(asked_, "") << "nothing was sent";
}

TEST_F(AliasVerbsTest, ListAndDelete) {
  body_ = std::string(R"({"Aliases":[)") + kWeighted +
          R"(,{"Name":"test","FunctionVersion":"$LATEST","Description":"d"}]})";
  EXPECT_EQ(run({"alias", "list", "f"}),
            "ALIAS  VERSION  ALSO                        DESCRIPTION\n"
            "live   1        10 % of calls to version 2  -\n"
            "test   $LATEST  -                           d\n");
  body_ = R"({"Aliases":[]})";
  EXPECT_EQ(run({"alias", "list", "f"}),
            "f has no alias. Make one: proa alias set f live VERSION\n");
  status_ = 204;
  body_ = "";
  EXPECT_EQ(run({"alias", "delete", "f", "live"}), "f:live is no more.\n");
  EXPECT_EQ(asked_, "DELETE /2015-03-31/functions/f/aliases/live ");
}

}  // namespace
}  // namespace proa::cli
