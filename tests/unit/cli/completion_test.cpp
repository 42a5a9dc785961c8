#include "cli/completion.h"

#include "unit/cli/cli_daemon.h"

#include <chrono>

namespace proa::cli {
namespace {

class CompletionTest : public CliDaemonTest {
 protected:
  CompletionTest() {
    body_ = R"({"Functions":[{"FunctionName":"resize"},{"FunctionName":"thumb"}]})";
  }

  /// The candidates for the last word, separated by spaces.
  std::string words(std::vector<std::string> typed) {
    typed.insert(typed.begin(), {"complete", "--"});
    std::string text = run(typed);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }
};

TEST_F(CompletionTest, VerbsAndTheirVerbs) {
  EXPECT_EQ(words({"inv"}), "invoke ");
  EXPECT_NE(words({""}).find("list "), std::string::npos);
  EXPECT_EQ(words({"key", ""}), "create list revoke ");
  EXPECT_EQ(words({"key", "c"}), "create ");
  EXPECT_EQ(words({"nonsense", ""}), "");
  EXPECT_EQ(words({}).find("complete "), std::string::npos) << "it is hidden";
}

TEST_F(CompletionTest, OptionsAreThoseOfTheVerb) {
  EXPECT_EQ(words({"invoke", "--pay"}), "--payload-file ");
  EXPECT_EQ(words({"invoke", "f", "--as"}), "--async ");
  EXPECT_EQ(words({"key", "create", "--ri"}), "--right ");
  EXPECT_EQ(words({"invoke", "--", "--pay"}), "");
}

TEST_F(CompletionTest, FunctionsAreAskedOfTheDaemon) {
  EXPECT_EQ(words({"invoke", ""}), "resize thumb ");
  EXPECT_EQ(words({"logs", "-f", "t"}), "thumb ");
  EXPECT_EQ(words({"delete", "resize", "t"}), "thumb ");
  EXPECT_EQ(words({"dead-letters", "list", "--function", "r"}), "resize ");
  EXPECT_EQ(words({"dead-letters", "list", "--function", "=", "r"}), "resize ");
  EXPECT_EQ(words({"show", "resize", ""}), "") << "it takes one";
  EXPECT_EQ(asked_, "GET /2015-03-31/functions?MaxItems=50 ");
}

TEST_F(CompletionTest, ValuesThatAreKnown) {
  EXPECT_EQ(words({"completion", "b"}), "bash ");
  EXPECT_EQ(words({"config", "f", "mem"}), "memory= ");
  EXPECT_EQ(words({"config", "f", "memory=1", "env"}), "env: ");
  EXPECT_EQ(words({"config", "f", "--unset", "net"}), "network ");
  EXPECT_EQ(words({"config", "f", "memory", "=", ""}), "");
  EXPECT_EQ(words({"config", "f", "memory", "=", "1", "time"}), "timeout= ");
  EXPECT_EQ(words({"invoke", "--payload-file", ""}), "") << "the shell knows files";
}

TEST_F(CompletionTest, MeaningsAreThereForShellsThatShowThem) {
  EXPECT_EQ(run({"complete", "--described", "--", "li"}), "list\tList the functions\n");
}

TEST_F(CompletionTest, NoDaemonIsNoNoise) {
  around_.endpoint = "http://127.0.0.1:1";
  EXPECT_EQ(words({"invoke", ""}), "");
  EXPECT_EQ(noted_, "");
  EXPECT_EQ(code_, 0);
  around_.endpoint = "nonsense";
  EXPECT_EQ(words({"invoke", ""}), "");
  EXPECT_EQ(noted_, "");
}

TEST_F(CompletionTest, OddAnswersAreNoNames) {
  for (const char* body : {"<html>", "[]", "{}", R"({"Functions":7})"}) {
    body_ = body;
    EXPECT_EQ(words({"invoke", ""}), "") << body;
  }
  body_ = R"({"Functions":[{"FunctionName":"a"}],"NextMarker":"again"})";
  EXPECT_EQ(words({"invoke", ""}), "a a ") << "a list without end";
}

}  // namespace
}  // namespace proa::cli
