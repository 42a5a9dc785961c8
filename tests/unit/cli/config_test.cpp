#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

class ConfigTest : public CliDaemonTest {
 protected:
  static std::string document(const std::string& revision, const std::string& variables = "",
                              const std::string& memory = "128") {
    return R"({"Configuration":{"FunctionName":"f","FunctionArn":"arn:f","MemorySize":)" + memory +
           R"(,"RevisionId":")" + revision + R"(","Environment":{"Variables":{)" + variables +
           "}}}}";
  }
  /// GetFunction, then no event config.
  void then_document(const std::string& text) {
    bodies_.insert(bodies_.end(), {text, "{}"});
    statuses_.insert(statuses_.end(), {200, 404});
  }
  void then(int status, const std::string& text) {
    bodies_.push_back(text);
    statuses_.push_back(status);
  }
};

TEST_F(ConfigTest, PrintsWhatHolds) {
  then_document(document("r", R"("A":"secret")"));
  EXPECT_EQ(run({"config", "f"}), "memory=128mb\nenv:A  (hidden; --show-env shows it)\n");
  then_document(document("r", R"("A":"secret")"));
  EXPECT_EQ(run({"config", "f", "--show-env"}), "memory=128mb\nenv:A=secret\n");
  then_document(document("r", R"("A":"secret")"));
  EXPECT_EQ(run({"config", "f", "--json"}),
            "{\n  \"memory\": \"128mb\",\n  \"env:A\": \"secret\"\n}\n");
}

TEST_F(ConfigTest, KeepsTheVariablesThatWereThere) {
  then_document(document("r1", R"("A":"1","B":"2")"));
  then(200, "{}");
  then_document(document("r2", R"("A":"1","C":"3")", "256"));
  EXPECT_EQ(run({"config", "f", "memory=256", "env:C=3", "env:B="}),
            "memory=256mb (was 128mb)\nenv:C is set\nenv:B is removed\n");
  EXPECT_EQ(all_asked_.at(2),
            R"(PUT /2015-03-31/functions/f/configuration {"MemorySize":256,)"
            R"("Environment":{"Variables":{"A":"1","C":"3"}},"RevisionId":"r1"})");
}

TEST_F(ConfigTest, AnotherWriterInBetweenIsReadAgain) {
  then_document(document("r1", R"("A":"1")"));
  then(412, R"({"message":"stale"})");
  then_document(document("r2", R"("A":"1","OTHER":"x")"));
  then(200, "{}");
  then_document(document("r3", R"("A":"1","B":"2","OTHER":"x")"));
  EXPECT_EQ(run({"config", "f", "env:B=2"}), "env:B is set\n");
  EXPECT_EQ(all_asked_.at(5),
            R"(PUT /2015-03-31/functions/f/configuration {"Environment":{"Variables":)"
            R"({"A":"1","OTHER":"x","B":"2"}},"RevisionId":"r2"})");
}

TEST_F(ConfigTest, WritersWithoutEndAreAConflict) {
  for (int i = 0; i < 10; ++i) {
    then_document(document("r"));
    then(412, R"({"message":"stale"})");
  }
  EXPECT_EQ(run({"config", "f", "memory=256"}), "error: stale");
  EXPECT_EQ(code_, 6);
}

TEST_F(ConfigTest, SettingsAreTagsAndConcurrencyIsItsOwn) {
  then_document(document("r"));
  for (int i = 0; i < 3; ++i) then(200, "{}");
  then_document(R"({"Configuration":{},"Tags":{"proa:network":"none"},
                    "Concurrency":{"ReservedConcurrentExecutions":5}})");
  EXPECT_EQ(run({"config", "f", "network=none", "concurrency=5", "--unset", "idle"}),
            "network=none\nidle is removed\nconcurrency=5\n");
  EXPECT_EQ(all_asked_.at(2), R"(POST /2017-03-31/tags/arn%3Af {"Tags":{"proa:network":"none"}})");
  EXPECT_EQ(all_asked_.at(3), "DELETE /2017-03-31/tags/arn%3Af?tagKeys=proa%3Aidle ");
  EXPECT_EQ(all_asked_.at(4),
            R"(PUT /2017-10-31/functions/f/concurrency {"ReservedConcurrentExecutions":5})");
}

TEST_F(ConfigTest, WhatIsDoneIsSaidWhenALaterPartFails) {
  then_document(document("r"));
  then(200, "{}");
  then(200, "{}");
  then(400, R"({"message":"too many"})");
  EXPECT_EQ(run({"config", "f", "memory=256", "network=lan", "concurrency=9999"}),
            "error: changed: memory, network; not changed: concurrency:\ntoo many");
  EXPECT_EQ(code_, 1);
}

TEST_F(ConfigTest, NothingIsAskedWhenAWordIsWrong) {
  EXPECT_TRUE(run({"config", "f", "memory=256", "network=moon"}).starts_with("error: "));
  EXPECT_EQ(code_, 2);
  EXPECT_TRUE(all_asked_.empty());
}

}  // namespace
}  // namespace proa::cli
