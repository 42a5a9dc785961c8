#include "cli/runtime_choice.h"

#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

class RuntimeChoiceTest : public CliDaemonTest {
 protected:
  RuntimeChoiceTest() {
    body_ = R"({"interpreters":[{"runtime":"python3.9"},{"runtime":"python3.11"},
      {"runtime":"nodejs18.x"},{"runtime":"nodejs20.x"}]})";
    contents_.path = "fn";
  }
  void add(const std::string& name, const std::string& text, bool is_executable = false) {
    packaging::Entry entry;
    entry.path = name;
    entry.is_executable = is_executable;
    contents_.entries.push_back(entry);
    if (!is_executable) contents_.sources[name] = text;
  }
  std::string chosen(std::optional<std::string> runtime = {},
                     std::optional<std::string> handler = {}) {
    const auto choice = choose_runtime(around_, contents_, runtime, handler);
    if (!choice) return choice.error().message();
    return choice.value().runtime + " " + choice.value().handler + " (" + choice.value().reason +
           ")";
  }

  packaging::Contents contents_;
};

TEST_F(RuntimeChoiceTest, WhatIsGivenIsTaken) {
  EXPECT_EQ(chosen("python3.12", "x.y"), "python3.12 x.y ()");
}

TEST_F(RuntimeChoiceTest, TheNewestThatTheDaemonHas) {
  add("app.py", "def handler(e, c): pass");
  EXPECT_EQ(chosen(),
            "python3.11 app.handler (runtime python3.11, handler app.handler, as app.py defines "
            "handler)");
  EXPECT_EQ(chosen("python3.9"),
            "python3.9 app.handler (handler app.handler, as app.py defines handler)");
  EXPECT_EQ(chosen({}, "app.main"),
            "python3.11 app.main (runtime python3.11, the newest here for app.main)");
}

TEST_F(RuntimeChoiceTest, NodeAndCustomRuntimesToo) {
  add("index.mjs", "export const handler = 1;");
  EXPECT_EQ(chosen(),
            "nodejs20.x index.handler (runtime nodejs20.x, handler index.handler, as index.mjs "
            "exports handler)");
  contents_ = packaging::Contents();
  add("bootstrap", "", true);
  EXPECT_EQ(chosen(),
            "provided.al2023 bootstrap (runtime provided.al2023, handler bootstrap, as bootstrap "
            "is executable)");
}

TEST_F(RuntimeChoiceTest, NothingOrTooMuchIsAQuestion) {
  EXPECT_EQ(chosen(),
            "Nothing at the top of fn looks like a handler (a .py file that defines lambda_handler "
            "or handler, a .js or .mjs file that exports handler, or an executable bootstrap): "
            "give --handler FILE.FUNCTION, and --runtime");
  EXPECT_EQ(chosen({}, "app.main"),
            "fn has no .py, .js or .mjs file for the handler app.main: give --runtime");
  add("a.py", "def handler(e, c): pass");
  add("b.mjs", "export const handler = 1;");
  EXPECT_EQ(chosen(),
            "fn has more than one handler: a.handler (a.py defines handler), b.handler (b.mjs "
            "exports handler). Give --handler");
  EXPECT_EQ(chosen("python3.11"),
            "python3.11 a.handler (handler a.handler, as a.py defines handler)");
}

TEST_F(RuntimeChoiceTest, ADaemonWithoutTheLanguageIsNamed) {
  body_ = R"({"interpreters":[]})";
  add("app.py", "def handler(e, c): pass");
  EXPECT_EQ(chosen(),
            "The daemon has no Python; install it on its machine, or give another --runtime");
}

}  // namespace
}  // namespace proa::cli
