#include "cli/cli.h"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

/// Runs `words` against an endpoint that is none: what is parsed reaches the network, no more.
std::string run(std::vector<std::string> words) {
  CLI::App app;
  Surroundings around;
  around.endpoint = "nowhere";
  CommandLine line(app, around);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return std::string("usage: ") + error.what();
  }
  const auto printed = line.run();
  if (!printed) return "no verb";
  return *printed ? printed->value() : printed->error().message();
}

const std::string kAsked = "PROA_ENDPOINT 'nowhere' is not of the form http://HOST:PORT";

TEST(CommandLine, KnowsItsVerbs) {
  EXPECT_EQ(run({"account", "create", "team"}), kAsked);
  EXPECT_EQ(run({"account", "list", "--json"}), kAsked);
  EXPECT_EQ(run({"key", "create", "--right", "invoke", "--right", "logs"}), kAsked);
  EXPECT_EQ(run({"key", "list"}), kAsked);
  EXPECT_EQ(run({"key", "revoke", "PROA1"}), kAsked);
  EXPECT_EQ(run({}), "no verb");
}

TEST(CommandLine, NeedsItsWords) {
  EXPECT_TRUE(run({"account", "create"}).starts_with("usage: name is required"));
  EXPECT_TRUE(run({"key", "revoke"}).starts_with("usage: key is required"));
  EXPECT_TRUE(run({"key"}).starts_with("usage: "));
  EXPECT_TRUE(run({"key", "list", "--nonsense"}).starts_with("usage: "));
}

}  // namespace
}  // namespace proa::cli
