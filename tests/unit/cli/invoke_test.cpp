#include "base/encoding.h"
#include "unit/cli/cli_daemon.h"

#include <fstream>

namespace proa::cli {
namespace {

class InvokeTest : public CliDaemonTest {
 protected:
  InvokeTest() {
    headers_.add("x-amzn-RequestId", "r-1");
    body_ = R"({"ok":1})";
  }
  std::string header(std::string_view name) const {
    return std::string(asked_headers_.find(name).value_or("none"));
  }
  const std::string path_ = "POST /2015-03-31/functions/f/invocations? ";
};

TEST_F(InvokeTest, ThePayloadIsAnArgument) {
  EXPECT_EQ(run({"invoke", "f", R"([1, {"a": "b"}])"}), R"({"ok":1})");
  EXPECT_EQ(asked_, path_ + R"([1, {"a": "b"}])");
  EXPECT_EQ(code_, 0);
  EXPECT_TRUE(noted_.starts_with("done in ")) << noted_;
  EXPECT_TRUE(noted_.ends_with("request id r-1\n"));
  EXPECT_EQ(header("X-Amz-Invocation-Type"), "none");
  run({"invoke", "f", "[1]"});
  EXPECT_EQ(asked_, path_ + "[1]");
  run({"invoke", "f", ""});
  EXPECT_EQ(asked_, path_);
}

TEST_F(InvokeTest, OrAFileOrStandardInput) {
  const std::string path = ::testing::TempDir() + "proa_invoke_test";
  std::ofstream(path) << "{\"file\":1}\n";
  run({"invoke", "f", "--payload-file", path});
  EXPECT_EQ(asked_, path_ + "{\"file\":1}\n");
  input_ = "{\"input\":1}";
  run({"invoke", "f", "--payload-file", "-"});
  EXPECT_EQ(asked_, path_ + input_);
  run({"invoke", "f"});
  EXPECT_EQ(asked_, path_ + input_);
  around_.is_input_terminal = true;
  run({"invoke", "f"});
  EXPECT_EQ(asked_, path_);
  EXPECT_EQ(run({"invoke", "f", "--payload-file", "/none"}),
            "error: cannot read /none: No such file or directory");
  EXPECT_EQ(code_, 2);
  run({"invoke", "f", "{}", "--payload-file", path});
  EXPECT_EQ(code_, 2);
}

TEST_F(InvokeTest, AnswersAreBytesAndATerminalGetsAnEndOfLine) {
  body_ = std::string("\0\xff\r\n\x01", 5);
  EXPECT_EQ(run({"invoke", "f", "{}"}), body_);
  around_.output.is_terminal = true;
  EXPECT_EQ(run({"invoke", "f", "{}"}), body_ + "\n");
}

TEST_F(InvokeTest, TheTailGoesToStandardError) {
  headers_.add("X-Amz-Log-Result", to_base64("START\nEND"));
  EXPECT_EQ(run({"invoke", "f", "{}", "--tail"}), R"({"ok":1})");
  EXPECT_EQ(header("X-Amz-Log-Type"), "Tail");
  EXPECT_TRUE(noted_.starts_with("START\nEND\ndone in ")) << noted_;
}

TEST_F(InvokeTest, AFunctionThatFailsEndsWithSeven) {
  headers_.add("X-Amz-Function-Error", "Unhandled");
  body_ = R"({"errorType":"KeyError","errorMessage":"'x'"})";
  EXPECT_EQ(run({"invoke", "f", "{}"}), body_);
  EXPECT_EQ(code_, 7);
  EXPECT_TRUE(noted_.starts_with("KeyError: 'x'\nfunction failed in ")) << noted_;
  EXPECT_NE(run({"invoke", "f", "{}", "--json"}).find(R"("function_error": "Unhandled")"),
            std::string::npos);
  EXPECT_EQ(code_, 7);
  EXPECT_EQ(noted_, "");
}

TEST_F(InvokeTest, AsyncGivesTheRequestIdAndHowToFollow) {
  status_ = 202;
  body_ = "";
  EXPECT_EQ(run({"invoke", "f", "{}", "--async"}), "r-1\n");
  EXPECT_EQ(header("X-Amz-Invocation-Type"), "Event");
  EXPECT_NE(noted_.find("proa logs f --request-id r-1"), std::string::npos);
  EXPECT_EQ(run({"invoke", "f", "{}", "--async", "--json"}), "{\n  \"request_id\": \"r-1\"\n}\n");
  EXPECT_EQ(noted_, "");
}

TEST_F(InvokeTest, ADryRunCallsNothing) {
  status_ = 204;
  body_ = "";
  EXPECT_EQ(run({"invoke", "f", "--dry-run"}), "");
  EXPECT_EQ(header("X-Amz-Invocation-Type"), "DryRun");
  EXPECT_EQ(noted_, "f is there and may be called.\n");
  run({"invoke", "f", "--dry-run", "--async"});
  EXPECT_EQ(code_, 2);
}

TEST_F(InvokeTest, QualifierAndContextTravel) {
  run({"invoke", "f", "{}", "--qualifier", "live/x", "--client-context", R"({"custom":{}})"});
  EXPECT_EQ(asked_, "POST /2015-03-31/functions/f/invocations?&Qualifier=live%2Fx {}");
  EXPECT_EQ(header("X-Amz-Client-Context"), to_base64(R"({"custom":{}})"));
  const std::string path = ::testing::TempDir() + "proa_invoke_context";
  std::ofstream(path) << "{}";
  run({"invoke", "f", "{}", "--client-context", "@" + path});
  EXPECT_EQ(header("X-Amz-Client-Context"), to_base64("{}"));
}

TEST_F(InvokeTest, RefusalsHaveTheirCodes) {
  body_ = R"({"Message":"Function not found: f"})";
  for (const auto& [status, code] : std::vector<std::pair<int, int>>{
           {404, 4}, {403, 5}, {409, 6}, {413, 1}, {429, 1}, {400, 1}, {500, 1}}) {
    status_ = status;
    EXPECT_EQ(run({"invoke", "f", "{}"}), "error: Function not found: f") << status;
    EXPECT_EQ(code_, code) << status;
  }
}

}  // namespace
}  // namespace proa::cli
