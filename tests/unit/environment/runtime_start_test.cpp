#include "environment/runtime_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proa::environment {
namespace {

using testing::ElementsAre;

RuntimeProgram python() {
  RuntimeProgram program;
  program.family = "python3.11";
  program.command.arguments = {"/usr/bin/python3.11", "/var/runtime/python/bootstrap.py"};
  program.command.environment = {"PATH=/bin", "PROA_RUNTIME_FD=3"};
  return program;
}

RuntimeProgram custom() {
  RuntimeProgram program;
  program.family = "provided";
  program.protocol = Protocol::http;
  return program;
}

model::FunctionVersion with_variable(const std::string& name) {
  model::FunctionVersion function;
  function.environment["ORDINARY"] = "x";
  function.environment[name] = "1";
  return function;
}

TEST(RuntimeStart, AFunctionOfOrdinaryVariablesTakesAParkedInterpreter) {
  for (const char* name : {"TZ", "NODE_ENV", "NODE_PATH", "PATH", "MY_LD_PATH", "LANGUAGE"}) {
    EXPECT_FALSE(needs_own_start(python(), with_variable(name))) << name;
    EXPECT_EQ(start_variable(with_variable(name)), "") << name;
  }
}

TEST(RuntimeStart, VariablesThatAnInterpreterReadsAtItsStartNeedAProcessOfTheirOwn) {
  for (const char* name : {"PYTHONPATH", "NODE_OPTIONS", "LD_PRELOAD", "GLIBC_TUNABLES",
                           "AWS_LAMBDA_EXEC_WRAPPER", "LANG", "LC_ALL", "SSL_CERT_FILE"}) {
    EXPECT_TRUE(needs_own_start(python(), with_variable(name))) << name;
    EXPECT_EQ(start_variable(with_variable(name)), name);
  }
}

TEST(RuntimeStart, ACustomRuntimeIsItsPackagesBootstrapWithTheFunctionsVariables) {
  EXPECT_TRUE(needs_own_start(custom(), model::FunctionVersion()));
  const auto command = own_command(custom(), {}, {{"A", "1"}, {"B", "x=y"}}, 1);
  EXPECT_THAT(command.arguments, ElementsAre("/opt/bootstrap"));
  EXPECT_THAT(command.environment, ElementsAre("A=1", "B=x=y"));
  EXPECT_EQ(command.directory, "/var/task");
}

TEST(RuntimeStart, AWrapperRunsInFrontOfTheInterpreterAndNotOfACustomRuntime) {
  const std::map<std::string, std::string> variables{{"AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrap"}};
  EXPECT_THAT(own_command(python(), {}, variables, 0).arguments,
              ElementsAre("/opt/wrap", "/usr/bin/python3.11", "/var/runtime/python/bootstrap.py"));
  EXPECT_THAT(own_command(custom(), {}, variables, 0).arguments,
              ElementsAre("/var/task/bootstrap"));
}

TEST(RuntimeStart, ARelativeWrapperIsSoughtInTheFunctionsFolder) {
  const std::map<std::string, std::string> variables{{"AWS_LAMBDA_EXEC_WRAPPER", "bin/wrap"}};
  EXPECT_EQ(own_command(python(), {}, variables, 0).arguments.front(), "/var/task/bin/wrap");
}

TEST(RuntimeStart, AnInterpreterKeepsTheDescriptorOfItsLink) {
  const auto command = own_command(python(), {}, {{"PYTHONOPTIMIZE", "2"}}, 0);
  EXPECT_THAT(command.environment, ElementsAre("PYTHONOPTIMIZE=2", "PROA_RUNTIME_FD=3"));
}

TEST(RuntimeStart, AnInterpreterOutsideUsrFindsItsLibraryWhateverTheFunctionSets) {
  RuntimeProgram program = python();
  program.library_folder = "/var/lang/python3.12/lib";
  EXPECT_THAT(own_command(program, {}, {{"LD_LIBRARY_PATH", "/mine"}}, 0).environment,
              testing::Contains("LD_LIBRARY_PATH=/var/lang/python3.12/lib:/mine"));
  const std::string whole = "/var/lang/python3.12/lib:/opt/lib";
  EXPECT_THAT(own_command(program, {}, {{"LD_LIBRARY_PATH", whole}}, 0).environment,
              testing::Contains("LD_LIBRARY_PATH=" + whole));
}

TEST(RuntimeStart, AnImageSaysItselfWhatItRuns) {
  model::FunctionVersion function;
  function.image.emplace();
  function.image->defaults.entry_point = {"python3", "-u"};
  function.image->defaults.command = {"app.py"};
  function.image->defaults.working_directory = "app";
  function.image->program = "/usr/bin/python3";
  auto command = own_command(custom(), function, {{"A", "1"}}, 0);
  EXPECT_THAT(command.arguments, ElementsAre("/usr/bin/python3", "-u", "app.py"));
  EXPECT_THAT(command.environment, ElementsAre("A=1"));
  EXPECT_EQ(command.directory, "/app");
  function.image->overrides.emplace().command = {"other.py"};
  function.image->overrides->working_directory = "/srv";
  function.image->program.clear();
  command = own_command(custom(), function, {}, 0);
  EXPECT_THAT(command.arguments, ElementsAre("python3", "-u", "other.py"));
  EXPECT_EQ(command.directory, "/srv");
}

}  // namespace
}  // namespace proa::environment
