#include "cli/settings_file.h"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace proa::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// `proa serve` with one option of each kind.
class SettingsFileTest : public ::testing::Test {
 protected:
  SettingsFileTest() {
    serve_->add_option("--listen", listen_, "Address")->capture_default_str();
    auto* shards = serve_->add_option("--shards", shards_, "Threads that serve calls");
    shards->capture_default_str()->check(CLI::Range(0U, 32U));
    serve_->add_option("--sample", sample_, "Percent")->capture_default_str();
    serve_->add_option("--runtime", runtimes_, "Interpreters")->allow_extra_args(false);
    serve_->add_flag("--plain-http", is_plain_, "No TLS");
    serve_->add_option("--headers", headers_, "File")->needs(shards);
    app_.add_subcommand("status", "")->add_option("--listen", listen_, "");
    settings_ = std::make_unique<SettingsFile>(*serve_, file_);
  }
  ~SettingsFileTest() override { std::filesystem::remove(file_); }

  void write(const std::string& text) { std::ofstream(file_) << text; }

  /// Reads the file and parses `words`; what was refused, or "".
  std::string run(std::vector<std::string> words) {
    if (const auto filled = settings_->fill(words); !filled) return filled.error().message();
    std::reverse(words.begin(), words.end());
    try {
      app_.parse(words);
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
    return "";
  }

  std::string at(int line) const { return file_.string() + ":" + std::to_string(line) + ": "; }

  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("proa-settings-" + std::to_string(::getpid()));
  std::string listen_ = "127.0.0.1:9600";
  std::uint32_t shards_ = 0;
  double sample_ = 100;
  std::vector<std::string> runtimes_;
  bool is_plain_ = false;
  std::string headers_;
  CLI::App app_{"Proa", "proa"};
  CLI::App* serve_ = app_.add_subcommand("serve", "");
  std::unique_ptr<SettingsFile> settings_;
};

TEST_F(SettingsFileTest, GivesOptionsOfEveryKind) {
  write(
      "listen = '127.0.0.1:1'\nshards = 3\nsample = 12.5\nplain-http = true\n"
      "runtime = [\"python3.12=/a\", 'nodejs20.x=/b']  # two\n");
  EXPECT_EQ(run({"serve"}), "");
  EXPECT_EQ(listen_, "127.0.0.1:1");
  EXPECT_EQ(shards_, 3U);
  EXPECT_EQ(sample_, 12.5);
  EXPECT_TRUE(is_plain_);
  EXPECT_THAT(runtimes_, ElementsAre("python3.12=/a", "nodejs20.x=/b"));
}

TEST_F(SettingsFileTest, TheCommandLineWins) {
  write("listen = '127.0.0.1:1'\nshards = 3\nplain-http = true\nruntime = ['a=/a']\n");
  EXPECT_EQ(run({"serve", "--listen=127.0.0.1:2", "--runtime", "b=/b", "--plain-http=false"}), "");
  EXPECT_EQ(listen_, "127.0.0.1:2");
  EXPECT_EQ(shards_, 3U);
  EXPECT_FALSE(is_plain_);
  EXPECT_THAT(runtimes_, ElementsAre("b=/b"));
}

TEST_F(SettingsFileTest, WhatAnOptionNeedsMayStandInTheOtherPlace) {
  write("shards = 1\n");
  EXPECT_EQ(run({"serve", "--headers", "x"}), "");
  EXPECT_EQ(headers_, "x");
}

TEST_F(SettingsFileTest, AFalseFlagIsNoFlag) {
  write("plain-http = false\nruntime = []\n");
  EXPECT_EQ(run({"serve"}), "");
  EXPECT_FALSE(is_plain_);
  EXPECT_TRUE(runtimes_.empty());
}

TEST_F(SettingsFileTest, NoFileAtThePlaceIsNoFault) {
  EXPECT_EQ(run({"serve"}), "");
  EXPECT_THAT(run({"serve", "--config", "/nowhere/proa.toml"}),
              HasSubstr("--config: open /nowhere/proa.toml: No such"));
  EXPECT_THAT(run({"serve", "--config=/nowhere/proa.toml"}), HasSubstr("/nowhere/proa.toml"));
}

TEST_F(SettingsFileTest, AnotherFileCanBeNamed) {
  write("shards = 99\n");
  EXPECT_EQ(run({"serve", "--config", "/dev/null"}), "");
  EXPECT_EQ(shards_, 0U);
}

TEST_F(SettingsFileTest, OtherVerbsAndQuestionsForHelpReadNothing) {
  write("nonsense");
  EXPECT_TRUE(settings_->fill({"status", "--listen", "x"}));
  EXPECT_TRUE(settings_->fill({"serve", "--help"}));
  EXPECT_TRUE(settings_->fill({}));
  EXPECT_FALSE(settings_->fill({"serve"}));
}

TEST_F(SettingsFileTest, UnknownKeysAreRefusedWithTheNearestOne) {
  write("# a comment\nshards = 1\nplain_http = true\n");
  EXPECT_EQ(run({"serve"}), at(3) + "there is no setting 'plain_http'; did you mean 'plain-http'?");
  write("[serve]\nshards = 1\n");
  EXPECT_EQ(run({"serve"}), at(1) + "there is no setting 'serve'");
  write("config = 'other.toml'\n");
  EXPECT_EQ(run({"serve"}), at(1) + "there is no setting 'config'");
  write("help = true\n");
  EXPECT_EQ(run({"serve"}), at(1) + "there is no setting 'help'");
}

TEST_F(SettingsFileTest, ValuesOfAnotherTypeAreRefused) {
  write("\nshards = '3'\n");
  EXPECT_EQ(run({"serve"}), at(2) + "shards: must be a whole number without quotes");
  write("listen = 9600\n");
  EXPECT_EQ(run({"serve"}), at(1) + "listen: must be text in quotes");
  write("plain-http = 1\n");
  EXPECT_EQ(run({"serve"}), at(1) + "plain-http: must be true or false");
  write("runtime = 'a=/b'\n");
  EXPECT_EQ(run({"serve"}), at(1) + "runtime: must be a list of texts, [\"...\"]");
  write("runtime = ['a', 1]\n");
  EXPECT_EQ(run({"serve"}), at(1) + "runtime: must be a list of texts, [\"...\"]");
  write("sample = 'much'\n");
  EXPECT_EQ(run({"serve"}), at(1) + "sample: must be a number without quotes");
  EXPECT_EQ(run({"serve", "--sample", "3"}), at(1) + "sample: must be a number without quotes");
}

TEST_F(SettingsFileTest, WhatTheOptionRefusesIsRefused) {
  write("sample = 1\nshards = 99\n");
  EXPECT_THAT(run({"serve"}), ::testing::StartsWith(at(2) + "shards: "));
}

TEST_F(SettingsFileTest, NegativeNumbersAreNoSizes) {
  write("shards = -1\n");
  EXPECT_THAT(run({"serve"}), HasSubstr(at(1)));
}

TEST_F(SettingsFileTest, WhatIsNoTomlIsRefused) {
  write("shards = 1\nlisten = \n");
  EXPECT_THAT(run({"serve"}), ::testing::StartsWith(at(2)));
  write("shards = 1\nshards = 2\n");
  EXPECT_THAT(run({"serve"}), ::testing::StartsWith(at(2)));
}

TEST_F(SettingsFileTest, ItsTextIsAFileThatItReads) {
  write("shards = 3\nruntime = ['a=/a']\n");
  EXPECT_EQ(run({"serve", "--listen", "127.0.0.1:2", "--print-config"}), "");
  EXPECT_TRUE(settings_->is_text_wanted());
  const std::string text = settings_->text();
  EXPECT_THAT(text, HasSubstr("# Address\nlisten = '127.0.0.1:2'\n"));
  EXPECT_THAT(text, HasSubstr("# Threads that serve calls\nshards = 3\n"));
  EXPECT_THAT(text, HasSubstr("#sample = 100\n"));
  EXPECT_THAT(text, HasSubstr("#plain-http = false\n"));
  EXPECT_THAT(text, HasSubstr("runtime = ['a=/a']\n"));
  EXPECT_THAT(text, HasSubstr("#headers = ''\n"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("config =")));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("help =")));
}

}  // namespace
}  // namespace proa::cli
