#include "unit/catalog/temp_folder.h"
#include "unit/cli/cli_daemon.h"

#include <fstream>

namespace proa::cli {
namespace {

/// `proa deploy` against answers in a row; against a real daemon in tests/compat/test_deploy.py.
class DeployTest : public CliDaemonTest {
 protected:
  DeployTest() {
    std::string name = "/tmp/proa-deploy-test-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    std::ofstream(folder_ / "app.py") << "def handler(e, c): pass\n";
  }
  ~DeployTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(DeployTest, WrongWordsAreRefusedBeforeAnybodyIsAsked) {
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"--memory", "64"}, {"--env", "A"}, {"--timeout", "0"}, {"--name", "a b"}}) {
    std::vector<std::string> words{"deploy", folder_.string()};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_TRUE(run(words).starts_with("error: ")) << more[0];
    EXPECT_EQ(code_, 2) << more[0];
  }
  EXPECT_EQ(asked_, "");
  EXPECT_EQ(run({"deploy", (folder_ / "none").string()}),
            "error: There is no " + (folder_ / "none").string());
  EXPECT_EQ(code_, 2);
}

TEST_F(DeployTest, ADryRunComparesAndChangesNothing) {
  bodies_ = {R"({"Configuration":{"MemorySize":128,"CodeSha256":"x"}})"};
  body_ = "not asked again";
  EXPECT_EQ(run({"deploy", folder_.string(), "--name", "f", "--memory", "256", "--dry-run"}),
            "Would update f: code, memory\n");
  EXPECT_EQ(asked_, "GET /2015-03-31/functions/f ");
}

TEST_F(DeployTest, AVariableFileIsReadAndTheWordsWin) {
  std::ofstream(folder_ / "env") << "A=file\nB=file\n";
  bodies_ = {R"({"Configuration":{"CodeSha256":"x"}})"};
  const std::string text =
      run({"deploy", folder_.string(), "--name", "f", "--env-file", (folder_ / "env").string(),
           "--env", "A=word", "--dry-run", "--json"});
  EXPECT_NE(text.find(R"("A": "word")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("B": "file")"), std::string::npos) << text;
}

TEST_F(DeployTest, ARefusalIsItsMessage) {
  status_ = 403;
  body_ = R"({"message":"no right"})";
  EXPECT_EQ(run({"deploy", folder_.string(), "--name", "f"}), "error: no right");
  EXPECT_EQ(code_, 5);
}

}  // namespace
}  // namespace proa::cli
