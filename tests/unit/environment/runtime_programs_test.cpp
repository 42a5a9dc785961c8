#include "environment/runtime_programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proa::environment {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

Interpreter interpreter(Language language, int generation, std::string version, bool is_in_usr) {
  Interpreter one;
  one.language = language;
  one.generation = generation;
  one.version = std::move(version);
  one.executable =
      language == Language::node ? "/x/bin/node" : "/x/bin/python3." + std::to_string(generation);
  one.prefix = "/x";
  one.is_in_usr = is_in_usr;
  return one;
}

std::vector<Interpreter> some() {
  return {interpreter(Language::python, 11, "3.11.2", true),
          interpreter(Language::node, 20, "20.9.0", true),
          interpreter(Language::python, 13, "3.13.0", false),
          interpreter(Language::python, 9, "3.9.18", false)};
}

TEST(RuntimePrograms, TakesTheVeryVersionElseTheNearestAndOfTwoTheNewer) {
  const RuntimePrograms programs(some());
  EXPECT_EQ(programs.find("python3.11").value().family, "python3.11");
  EXPECT_EQ(programs.find("python3.12").value().family, "python3.13");
  EXPECT_EQ(programs.find("python3.10").value().family, "python3.11");
  EXPECT_EQ(programs.find("python3.6").value().family, "python3.9");
  EXPECT_EQ(programs.find("python3.14").value().family, "python3.13");
  EXPECT_EQ(programs.find("nodejs24.x").value().family, "nodejs20.x");
  EXPECT_EQ(programs.find("nodejs").value().version, "20.9.0");
}

TEST(RuntimePrograms, AFunctionInARuntimeImageHasItsInterpreter) {
  const RuntimePrograms programs(some());
  model::FunctionVersion function;
  function.runtime = "python3.12";
  function.root = model::RuntimeRoot{"py", "tree", "/usr/local/bin/python3.12", "3.12.1"};
  const auto program = programs.find(function);
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_EQ(program.value().command.arguments.front(), "/usr/local/bin/python3.12");
  EXPECT_EQ(program.value().version, "3.12.1");
  EXPECT_EQ(program.value().protocol, Protocol::frames);
  EXPECT_THAT(programs.explain(function).outcome, HasSubstr("3.12.1 at /usr/local/bin"));
  function.runtime = "provided.al2023";
  function.root->program.clear();
  EXPECT_EQ(programs.find(function).value().protocol, Protocol::http);
}

TEST(RuntimePrograms, ExplainsTheChoiceThatItMakes) {
  const RuntimePrograms programs(some());
  const auto record = programs.explain("python3.12");
  EXPECT_EQ(record.chosen, programs.find("python3.12").value().family);
  ASSERT_EQ(record.candidates.size(), 4U);
  EXPECT_EQ(record.candidates[1].missing, "interpreter of that language");
  EXPECT_EQ(record.candidates[0].cost, 1.0);
  EXPECT_EQ(record.candidates[2].cost, 0.5) << "of two as near, the newer";
  EXPECT_EQ(record.inputs.at(1).from, "default of --runtime-exact");
  const RuntimePrograms exact(some(), {true, false});
  const auto refused = exact.explain("python3.12");
  EXPECT_EQ(refused.chosen, "");
  EXPECT_EQ(refused.reason, exact.find("python3.12").error().message());
  EXPECT_EQ(refused.candidates[0].missing, "very same version (--runtime-exact)");
  EXPECT_EQ(programs.explain("provided.al2023").chosen, "bootstrap of the package");
  EXPECT_EQ(programs.explain("java21").chosen, "");
}

TEST(RuntimePrograms, AnImageBringsItsOwnProgram) {
  const RuntimePrograms programs({});
  model::FunctionVersion function;
  function.image.emplace().uri = "app:1";
  function.image->program = "/bin/run";
  const auto found = programs.find(function);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found.value().protocol, Protocol::http);
  EXPECT_FALSE(found.value().variables.contains("LD_LIBRARY_PATH"));
  EXPECT_EQ(programs.explain(function).chosen, "program of the image");
  EXPECT_EQ(programs.explain(function).outcome, "/bin/run");
  function.image.reset();
  function.runtime = "provided.al2023";
  EXPECT_EQ(programs.explain(function).chosen, "bootstrap of the package");
}

TEST(RuntimePrograms, SaysWhichVersionWillRun) {
  const RuntimePrograms programs(some());
  EXPECT_EQ(programs.version_of("python3.12").value(), "3.13.0");
  EXPECT_EQ(programs.version_of("nodejs18.x").value(), "20.9.0");
  EXPECT_EQ(programs.version_of("provided.al2023").value(), std::nullopt);
}

TEST(RuntimePrograms, RefusesALanguageThatIsNotThereAndSaysWhatToDo) {
  const RuntimePrograms programs({interpreter(Language::node, 20, "20.9.0", true)});
  auto found = programs.find("python3.12");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Errc::unsupported);
  EXPECT_THAT(found.error().message(),
              AllOf(HasSubstr("no Python on this host for runtime python3.12"),
                    HasSubstr("install the package python3"), HasSubstr("--runtime")));
  EXPECT_EQ(programs.version_of("python3.12").error().code(), Errc::unsupported);
}

TEST(RuntimePrograms, WhenExactRefusesOtherVersionsAndNamesWhatThereIs) {
  const RuntimePrograms programs(some(), {.is_exact = true});
  EXPECT_EQ(programs.find("python3.9").value().version, "3.9.18");
  auto found = programs.find("python3.12");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Errc::unsupported);
  EXPECT_THAT(found.error().message(),
              AllOf(HasSubstr("Runtime python3.12 is not installed"), HasSubstr("--runtime-exact"),
                    HasSubstr("python3.11, nodejs20.x, python3.13, python3.9")));
}

TEST(RuntimePrograms, StartsEachFromItsPlaceWithItsFoldersFirst) {
  const RuntimePrograms programs(some());
  const auto own = programs.find("python3.11").value();
  EXPECT_EQ(own.command.arguments.front(), "/usr/bin/python3.11");
  EXPECT_EQ(own.variables.at("PATH"), "/opt/bin:/usr/local/bin:/usr/bin:/bin");
  const auto bound = programs.find("python3.13").value();
  EXPECT_EQ(bound.command.arguments.front(), "/var/lang/python3.13/bin/python3.13");
  EXPECT_THAT(bound.variables.at("PATH"), ::testing::StartsWith("/var/lang/python3.13/bin:"));
  EXPECT_THAT(bound.command.environment,
              Contains("LD_LIBRARY_PATH=/var/lang/python3.13/lib:/opt/lib:/var/task:"
                       "/var/task/lib"));
  const auto node = programs.find("nodejs20.x").value();
  EXPECT_THAT(node.variables.at("NODE_PATH"),
              ::testing::StartsWith("/opt/nodejs/node20/node_modules:/opt/nodejs/node_modules:"));
}

TEST(RuntimePrograms, TellPythonOfBundledPackagesWhereThereAreAny) {
  const std::string variable = "PROA_BUNDLED_PYTHON=/var/runtime/python_modules";
  const RuntimePrograms with(some(), {.has_python_modules = true});
  EXPECT_THAT(with.find("python3.13").value().command.environment, Contains(variable));
  EXPECT_THAT(with.find("nodejs20.x").value().command.environment, Not(Contains(variable)));
  const RuntimePrograms without(some());
  EXPECT_THAT(without.find("python3.13").value().command.environment, Not(Contains(variable)));
}

}  // namespace
}  // namespace proa::environment
