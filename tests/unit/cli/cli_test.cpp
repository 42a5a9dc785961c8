#include "cli/cli.h"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

struct Ended {
  int code = -1;  ///< -1: no verb of ours
  std::string printed;
  std::string noted;
};

/// Runs `words` against an endpoint that is none: what is parsed reaches the network, no more.
Ended run(std::vector<const char*> words, std::string endpoint = "nowhere", Screen errors = {}) {
  Ended ended;
  Surroundings around;
  around.endpoint = std::move(endpoint);
  around.errors = errors;
  around.print = [&](std::string_view text) {
    ended.printed += text;
    return true;
  };
  around.note = [&](std::string_view text) { ended.noted += text; };
  CLI::App app("Proa", "proa");
  app.set_version_flag("--version", "proa 1");
  app.add_subcommand("serve", "the daemon");
  CommandLine line(app, around);
  words.insert(words.begin(), "proa");
  const auto code = line.run(static_cast<int>(words.size()), words.data());
  if (code) ended.code = static_cast<int>(*code);
  return ended;
}

const std::string kAsked =
    "proa: PROA_ENDPOINT 'nowhere' is not of the form http://HOST:PORT or https://HOST:PORT\n";

TEST(CommandLine, KnowsItsVerbs) {
  EXPECT_EQ(run({"account", "create", "team"}).noted, kAsked);
  EXPECT_EQ(run({"account", "list", "--json"}).noted, kAsked);
  EXPECT_EQ(run({"key", "create", "--right", "invoke", "--right", "logs"}).noted, kAsked);
  EXPECT_EQ(run({"key", "list"}).noted, kAsked);
  EXPECT_EQ(run({"key", "revoke", "PROA1"}).noted, kAsked);
  EXPECT_EQ(run({"serve"}).code, -1);
}

TEST(CommandLine, WrongWordsEndWithTwoAndSayWhereHelpIs) {
  for (const auto& words : {std::vector<const char*>{"account", "create"},
                            {"key", "revoke"},
                            {"key"},
                            {"key", "list", "--nonsense"},
                            {}}) {
    const Ended ended = run(words);
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.printed, "");
    EXPECT_TRUE(ended.noted.starts_with("proa: "));
    EXPECT_TRUE(ended.noted.ends_with(" --help` says more.\n")) << ended.noted;
  }
  EXPECT_EQ(run({"key", "list"}).code, 2) << "an endpoint that is none";
}

TEST(CommandLine, HelpAndVersionAreAnswers) {
  const Ended help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.printed.find("\nCalls:\n"), std::string::npos) << help.printed;
  EXPECT_NE(help.printed.find("\nAccess:\n"), std::string::npos);
  const Ended of_a_verb = run({"key", "create", "--help"});
  EXPECT_EQ(of_a_verb.code, 0);
  EXPECT_NE(of_a_verb.printed.find("Examples:\n"), std::string::npos);
  EXPECT_NE(of_a_verb.printed.find("PROA_ENDPOINT"), std::string::npos);
  EXPECT_EQ(run({"help", "key", "create"}).printed, of_a_verb.printed);
  EXPECT_EQ(run({"help"}).printed, help.printed);
  EXPECT_EQ(run({"--version"}).printed, "proa 1\n");
  EXPECT_EQ(run({"--version"}).code, 0);
}

TEST(CommandLine, EveryVerbShowsExamples) {
  Surroundings around;
  CLI::App app("Proa", "proa");
  CommandLine line(app, around);
  for (const CLI::App* verb : app.get_subcommands(nullptr)) {
    const std::string footer = verb->get_footer();
    EXPECT_TRUE(footer.starts_with("Examples:\n  ")) << verb->get_name();
    EXPECT_NE(footer.find("proa " + verb->get_name()), std::string::npos) << verb->get_name();
    EXPECT_NE(verb->get_group(), "Subcommands") << verb->get_name();
  }
}

TEST(CommandLine, ADaemonThatIsNotThereEndsWithThree) {
  EXPECT_EQ(run({"key", "list"}, "http://127.0.0.1:1").code, 3);
}

TEST(CommandLine, ErrorsAreRedOnATerminalOnly) {
  Screen colours;
  colours.has_colours = true;
  EXPECT_TRUE(
      run({"key", "list"}, "nowhere", colours).noted.starts_with("\x1b[1;31mproa:\x1b[0m P"));
}

TEST(CommandLine, CodesOfErrors) {
  EXPECT_EQ(exit_code_of(Errc::invalid), ExitCode::usage);
  EXPECT_EQ(exit_code_of(Errc::deadline), ExitCode::no_daemon);
  EXPECT_EQ(exit_code_of(Errc::not_found), ExitCode::not_found);
  EXPECT_EQ(exit_code_of(Errc::denied), ExitCode::denied);
  EXPECT_EQ(exit_code_of(Errc::conflict), ExitCode::conflict);
  EXPECT_EQ(exit_code_of(Errc::precondition), ExitCode::conflict);
  EXPECT_EQ(exit_code_of(Errc::internal), ExitCode::failed);
  EXPECT_EQ(exit_code_of(Errc::throttled), ExitCode::failed);
}

}  // namespace
}  // namespace proa::cli
