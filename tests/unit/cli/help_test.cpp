#include "cli/help.h"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

TEST(Help, TheNearestWord) {
  const std::vector<std::string> known{"list", "logs", "invoke", "dead-letters", "status"};
  EXPECT_EQ(nearest("lst", known), "list");
  EXPECT_EQ(nearest("lgos", known), "logs");
  EXPECT_EQ(nearest("invkoe", known), "invoke");
  EXPECT_EQ(nearest("dead", known), "dead-letters");
  EXPECT_EQ(nearest("terraform", known), "");
  EXPECT_EQ(nearest("", known), "");
}

TEST(Help, WrongVerbsAreExplained) {
  CLI::App app("Proa", "proa");
  CLI::App* key = app.add_subcommand("key", "");
  key->add_subcommand("list", "");
  key->add_subcommand("create", "");
  app.add_subcommand("hidden", "")->group("");
  EXPECT_EQ(explain_refusal(app, {"kye"}, "r").text,
            "there is no 'proa kye'; did you mean 'proa key'?");
  EXPECT_EQ(explain_refusal(app, {"key", "lists"}, "r").text,
            "there is no 'proa key lists'; did you mean 'proa key list'?");
  EXPECT_EQ(explain_refusal(app, {"hiden"}, "r").text, "there is no 'proa hiden'");
  EXPECT_EQ(explain_refusal(app, {"key"}, "r").text, "say what: list, create");
  const Refusal of_an_option = explain_refusal(app, {"key", "list", "--odd"}, "r");
  EXPECT_EQ(of_an_option.text, "r");
  EXPECT_EQ(of_an_option.command, "proa key list");
  EXPECT_EQ(explain_refusal(app, {}, "r").text, "a verb is missing");
}

TEST(Help, ExamplesStandUnderTheOptions) {
  CLI::App app("Proa", "proa");
  add_examples(app, {{"proa list", ""}, {"proa list --json", "for programs"}});
  EXPECT_NE(app.help().find("Examples:\n  proa list\n  proa list --json\n      for programs\n"),
            std::string::npos);
  EXPECT_NE(app.help().find("  AWS_ACCESS_KEY_ID, "), std::string::npos);
}

}  // namespace
}  // namespace proa::cli
