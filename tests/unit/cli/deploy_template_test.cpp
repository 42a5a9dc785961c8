#include "cli/deploy_template.h"

#include "unit/cli/cli_daemon.h"

#include <filesystem>
#include <fstream>

namespace proa::cli {
namespace {

class DeployTemplateTest : public CliDaemonTest {
 protected:
  DeployTemplateTest() {
    std::string name = "/tmp/proa-template-test-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    body_ = R"({"account_id":"000000000000"})";
  }
  ~DeployTemplateTest() override { std::filesystem::remove_all(folder_); }

  std::string deploy(const std::string& text, std::vector<std::string> more = {}) {
    const std::string file = (folder_ / "template.yaml").string();
    std::ofstream(file) << text;
    std::vector<std::string> words{"deploy", "--template", file};
    words.insert(words.end(), more.begin(), more.end());
    std::string printed = run(words);
    const std::size_t at = printed.find(file);
    return at == std::string::npos ? printed : printed.replace(at, file.size(), "FILE");
  }

  std::filesystem::path folder_;
};

TEST_F(DeployTemplateTest, AllThatProaCannotDoIsNamedBeforeAnythingIsDone) {
  EXPECT_EQ(deploy("Resources:\n  T: {Type: AWS::SQS::Queue}\n  F:\n"
                   "    Type: AWS::Serverless::Function\n"
                   "    Properties: {Runtime: r, Handler: h, Events: {A: {Type: Api}}}\n"),
            "error: FILE asks for what Proa cannot do:\n"
            "  line 2: T: the resource type AWS::SQS::Queue\n"
            "  line 5: F: Events: A of type Api\n"
            "Nothing was deployed. --skip-unsupported leaves these out");
  EXPECT_EQ(code_, 2);
  EXPECT_EQ(asked_, "GET /proa/v1/status ");
}

TEST_F(DeployTemplateTest, ABadFileIsNamed) {
  EXPECT_EQ(deploy("a: ["), "error: FILE: line 1: end of sequence flow not found");
  EXPECT_EQ(run({"deploy", "--template", "/none"}), "error: There is no file /none");
  EXPECT_EQ(deploy("Resources: {}\n"), "error: FILE has no function or layer to deploy");
}

TEST_F(DeployTemplateTest, OptionsOfOneFunctionDoNotFit) {
  EXPECT_EQ(deploy("Resources: {}", {"--memory", "256"}),
            "error: --memory is about one function; the template says it");
  EXPECT_EQ(deploy("Resources: {}", {"folder"}),
            "error: Give either a path or --template, not both");
  EXPECT_EQ(run({"deploy"}), "error: Give the folder, zip or file to deploy, or --template FILE");
  EXPECT_EQ(code_, 2);
}

}  // namespace
}  // namespace proa::cli
