#include "environment/interpreter_version.h"

#include "unit/environment/fake_interpreters.h"

#include <gmock/gmock.h>

namespace proa::environment {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class InterpreterVersion : public FakeInterpreters {
 protected:
  /// An interpreter that answers --version with `text`.
  Interpreter answering(Language language, int generation, const std::string& text) {
    Interpreter one;
    one.language = language;
    one.generation = generation;
    one.executable = folder_ / ("program" + std::to_string(++count_));
    one.place = "pyenv";
    write(one.executable, "#!/bin/sh\necho '" + text + "'\n", true);
    return one;
  }
  int count_ = 0;
};

TEST_F(InterpreterVersion, IsWhatTheProgramSays) {
  EXPECT_EQ(ask_version(answering(Language::python, 12, "Python 3.12.1").executable).value(),
            "3.12.1");
  EXPECT_EQ(ask_version(answering(Language::node, 20, "v20.11.1").executable).value(), "20.11.1");
  EXPECT_THAT(ask_version(answering(Language::node, 20, "hello").executable).error().message(),
              HasSubstr("--version printed no version"));
  EXPECT_EQ(ask_version(folder_ / "missing").error().code(), Errc::not_found);
}

TEST_F(InterpreterVersion, OfTheDistributionsPythonIsKnown) {
  if (!std::filesystem::exists("/usr/bin/python3.11")) GTEST_SKIP() << "no /usr/bin/python3.11";
  EXPECT_THAT(ask_version("/usr/bin/python3.11").value(), HasSubstr("3.11."));
}

TEST_F(InterpreterVersion, IsAskedOnlyWhereUnknownAndMustFit) {
  FoundInterpreters found;
  found.interpreters = {
      answering(Language::node, -1, "v20.1.0"), answering(Language::node, 22, "v18.1.0"),
      answering(Language::python, 12, "no idea"), answering(Language::python, 11, "Python 3.9.9")};
  found.interpreters.back().version = "3.11.4";
  ASSERT_TRUE(complete_versions(found));
  std::vector<std::string> texts;
  for (const Interpreter& one : found.interpreters)
    texts.push_back(one.runtime() + " " + one.version);
  EXPECT_THAT(texts, ElementsAre("nodejs20.x 20.1.0", "python3.12 3.12", "python3.11 3.11.4"));
  EXPECT_THAT(found.notes, ElementsAre(HasSubstr("it says that it is version 18.1.0")));
}

TEST_F(InterpreterVersion, OfAGivenOneThatDoesNotFitEndsTheStart) {
  FoundInterpreters found;
  found.interpreters = {answering(Language::node, 22, "v18.1.0")};
  found.interpreters.back().place = "--runtime";
  auto completed = complete_versions(found);
  ASSERT_FALSE(completed);
  EXPECT_THAT(completed.error().message(),
              AllOf(HasSubstr("--runtime nodejs22.x="), HasSubstr("version 18.1.0")));
}

}  // namespace
}  // namespace proa::environment
