#include "unit/packaging/package_folder.h"

namespace proa::packaging {
namespace {

class GuessTest : public PackageFolderTest {
 protected:
  /// "HANDLER: REASON" of each.
  std::vector<std::string> guesses() {
    std::vector<std::string> found;
    for (const Guess& guess : guess_handlers(read_all())) {
      found.push_back(guess.handler + ": " + guess.reason);
    }
    return found;
  }
  using Found = std::vector<std::string>;
};

TEST_F(GuessTest, PythonIsWhatDefinesAHandler) {
  write("lambda_function.py", "import json\n\ndef lambda_handler(event, context):\n  pass\n");
  write("other.py", "def my_handler(event, context): pass\n#def handler(\n  def handler(\n");
  EXPECT_EQ(guesses(),
            Found{"lambda_function.lambda_handler: lambda_function.py defines lambda_handler"});
}

TEST_F(GuessTest, PythonMayAssignIt) {
  write("app.py", "handler = wrap(work)\n");
  EXPECT_EQ(guesses(), Found{"app.handler: app.py defines handler"});
  write("app.py", "handler == 1\nhandlers = 1\n");
  EXPECT_EQ(guesses(), Found{});
}

TEST_F(GuessTest, NodeIsWhatExportsHandler) {
  for (const char* line :
       {"export const handler = async (event) => event;", "export async function handler(event) {",
        "exports.handler = async () => 1;", "module.exports.handler = f;", "export { handler };",
        "module.exports = { handler };"}) {
    write("index.mjs", line);
    EXPECT_EQ(guesses(), Found{"index.handler: index.mjs exports handler"}) << line;
  }
  for (const char* line : {"export const handlers = 1;", "// exports.handler", "const handler = 1;",
                           "export const myhandler = 1"}) {
    write("index.mjs", line);
    EXPECT_EQ(guesses(), Found{}) << line;
  }
}

TEST_F(GuessTest, ABootstrapMustBeExecutable) {
  write("bootstrap", "#!/bin/sh");
  EXPECT_EQ(guesses(), Found{});
  write("bootstrap", "#!/bin/sh", 0755);
  EXPECT_EQ(guesses(), Found{"bootstrap: bootstrap is executable"});
}

TEST_F(GuessTest, TwoAreAQuestion) {
  write("a.py", "def handler(e, c): pass");
  write("b.py", "def handler(e, c): pass");
  EXPECT_EQ(guesses().size(), 2U);
}

TEST_F(GuessTest, AHandlersFileTellsTheLanguage) {
  write("app.py", "x");
  write("src/index.mjs", "x");
  write("pkg/mod.py", "x");
  const auto contents = read_all();
  EXPECT_EQ(language_of(contents, "app.handler"), Guess::Language::python);
  EXPECT_EQ(language_of(contents, "src/index.handler"), Guess::Language::node);
  EXPECT_EQ(language_of(contents, "pkg.mod.handler"), Guess::Language::python);
  EXPECT_EQ(language_of(contents, "none.handler"), std::nullopt);
}

TEST_F(GuessTest, MissesPackagesThatWereAskedFor) {
  write("app.py", "x");
  EXPECT_EQ(missing_packages(read_all()), std::nullopt);
  write("requirements.txt", "# none\n\n");
  EXPECT_EQ(missing_packages(read_all()), std::nullopt);
  write("requirements.txt", "requests==2.31\n");
  EXPECT_EQ(
      missing_packages(read_all()),
      "requirements.txt asks for packages and none is there. To install them: pip install -r " +
          folder_.string() + "/requirements.txt -t " + folder_.string());
  write("requests-2.31.dist-info/METADATA", "x");
  EXPECT_EQ(missing_packages(read_all()), std::nullopt);
}

TEST_F(GuessTest, MissesNodesPackagesToo) {
  write("package.json", R"({"dependencies": { }})");
  EXPECT_EQ(missing_packages(read_all()), std::nullopt);
  write("package.json", R"({"dependencies": {"left-pad": "1"}})");
  EXPECT_EQ(missing_packages(read_all()),
            "package.json asks for packages and there is no node_modules. To install them: npm "
            "install --omit=dev --prefix " +
                folder_.string());
  write("node_modules/left-pad/index.js", "x");
  EXPECT_EQ(missing_packages(read_all()), std::nullopt);
}

}  // namespace
}  // namespace proa::packaging
