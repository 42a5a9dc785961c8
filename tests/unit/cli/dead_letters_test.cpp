#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

TEST_F(CliDaemonTest, DeadLettersAreListed) {
  body_ = R"({"dead_letters":[{"id":7,"died":"2025-01-01","condition":"RetriesExhausted",
              "attempts":3,"request_id":"r","function_arn":"arn:f"}]})";
  EXPECT_EQ(run({"dead-letters", "list", "--function", "f"}),
            "ID  DIED        CONDITION         ATTEMPTS  REQUEST ID  FUNCTION\n"
            "7   2025-01-01  RetriesExhausted  3         r           arn:f\n");
  EXPECT_EQ(asked_, "GET /proa/v1/dead-letters?&FunctionName=f ");
  body_ = R"({"dead_letters":[]})";
  EXPECT_EQ(run({"dead-letters", "list"}), "No dead letters.\n");
  EXPECT_EQ(run({"dead-letters", "list", "--json"}), "{\n  \"dead_letters\": []\n}\n");
}

TEST_F(CliDaemonTest, ADeadLetterIsShown) {
  body_ = R"({"id":7,"payload":{"n":1}})";
  EXPECT_NE(run({"dead-letters", "show", "7"}).find("\"n\": 1"), std::string::npos);
  EXPECT_EQ(asked_, "GET /proa/v1/dead-letters/7 ");
}

TEST_F(CliDaemonTest, DeadLettersRunAgainOrGo) {
  status_ = 202;
  body_ = "";
  EXPECT_EQ(run({"dead-letters", "rerun", "7", "8"}), "2 dead letter(s) run again.\n");
  EXPECT_EQ(asked_, "POST /proa/v1/dead-letters/8/rerun ");
  EXPECT_EQ(run({"dead-letters", "delete", "9"}), "1 dead letter(s) removed.\n");
  EXPECT_EQ(asked_, "DELETE /proa/v1/dead-letters/9 ");
}

TEST_F(CliDaemonTest, AllDeadLettersAreSaidToBeMeant) {
  EXPECT_EQ(run({"dead-letters", "delete"}),
            "error: name the dead letters by their ids, or say --all");
  EXPECT_EQ(run({"dead-letters", "delete", "--all", "7"}),
            "error: --all and ids exclude each other");
  body_ = R"({"dead_letters":[{"id":7},{"id":8}]})";
  EXPECT_EQ(run({"dead-letters", "rerun", "--all"}), "2 dead letter(s) run again.\n");
  EXPECT_EQ(asked_, "POST /proa/v1/dead-letters/8/rerun ");
}

TEST_F(CliDaemonTest, AnUnknownDeadLetterIsSaidSo) {
  status_ = 404;
  body_ = R"({"Message":"There is no dead letter 5."})";
  EXPECT_EQ(run({"dead-letters", "show", "5"}), "error: There is no dead letter 5.");
}

}  // namespace
}  // namespace proa::cli
