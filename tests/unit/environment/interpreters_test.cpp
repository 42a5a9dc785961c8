#include "environment/interpreters.h"

#include "unit/environment/fake_interpreters.h"

#include <gmock/gmock.h>

namespace proa::environment {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Interpreters : public FakeInterpreters {
 protected:
  std::vector<std::string> found_versions() {
    std::vector<std::string> texts;
    for (const Interpreter& one : find().interpreters) {
      texts.push_back(one.runtime() + " " + one.version + " " + one.place);
    }
    return texts;
  }
  fs::path home() const { return folder_ / "home"; }
  fs::path given() const { return folder_ / "given"; }
};

TEST_F(Interpreters, AreTakenFromOptionsThenUsrThenHomesAndTheNewestOfEach) {
  add_python(given(), "3.13.0");
  add_python(places_.usr, "3.11.2");
  add_node(places_.usr, "18.20.4");
  add_python(home() / ".pyenv/versions/3.11.9", "3.11.9");
  add_python(home() / ".pyenv/versions/3.12.9", "3.12.9");
  add_python(home() / ".pyenv/versions/3.12.10", "3.12.10");
  add_python(home() / ".asdf/installs/python/3.10.4", "3.10.4");
  add_node(home() / ".nvm/versions/node/v20.9.0", "20.9.0");
  add_node(home() / ".nvm/versions/node/v20.10.0");
  add_node(home() / ".asdf/installs/nodejs/22.3.0");
  places_.given = {{"python3.13", given()}};
  const std::string usr = (places_.usr / "bin").string();
  EXPECT_THAT(found_versions(), ElementsAre("python3.13 3.13.0 --runtime",
                                            "python3.11 3.11.2 " + usr, "nodejs18.x 18.20.4 " + usr,
                                            "python3.12 3.12.10 pyenv", "nodejs20.x 20.10.0 nvm",
                                            "python3.10 3.10.4 asdf", "nodejs22.x 22.3.0 asdf"));
}

TEST_F(Interpreters, InUsrRunFromThereAndOthersBelowVarLang) {
  add_python(places_.usr, "3.11.2");
  add_python(home() / ".pyenv/versions/3.12.1", "3.12.1");
  fs::create_directories(home() / ".pyenv/versions/3.12.1/lib/python3.12/site-packages");
  add_node(home() / ".nvm/versions/node/v20.9.0", "20.9.0");
  const auto found = find().interpreters;
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].path_inside(), "/usr/bin/python3.11");
  EXPECT_EQ(found[1].path_inside(), "/var/lang/python3.12/bin/python3.12");
  EXPECT_EQ(found[2].path_inside(), "/var/lang/nodejs20.x/bin/node");
  std::vector<std::string> mounts;
  for (const LanguageMount& mount : language_mounts(found)) {
    mounts.push_back(mount.source.lexically_relative(home()).string() + " -> " + mount.target);
  }
  EXPECT_THAT(mounts, ElementsAre(".pyenv/versions/3.12.1/bin -> python3.12/bin",
                                  ".pyenv/versions/3.12.1/lib -> python3.12/lib",
                                  " -> python3.12/lib/python3.12/site-packages",
                                  ".nvm/versions/node/v20.9.0/bin/node -> nodejs20.x/bin/node"));
}

TEST_F(Interpreters, OfNoUseAreNamedInNotes) {
  add_python(home() / ".pyenv/versions/3.6.15", "3.6.15");
  add_python(home() / ".pyenv/versions/3.9.1", "3.9.1");
  fs::permissions(home() / ".pyenv/versions/3.9.1/lib", fs::perms::owner_all);
  add_python(home() / ".pyenv/versions/env", "3.10.1");
  write(home() / ".pyenv/versions/env/pyvenv.cfg", "", false);
  fs::create_directory_symlink("3.9.1", home() / ".pyenv/versions/linked");
  const auto found = find();
  EXPECT_THAT(found.interpreters, IsEmpty());
  EXPECT_THAT(found.notes,
              ElementsAre(HasSubstr("it is Python 3.6.15; Proa needs python3.7 or newer"),
                          HasSubstr("3.9.1/lib cannot be read by other users"),
                          HasSubstr("it is a virtual environment")));
}

TEST_F(Interpreters, GivenMayBeAPrefixAProgramOrAShim) {
  add_python(given(), "3.12.1");
  EXPECT_EQ(refusal("python3.12", given()), "");
  EXPECT_EQ(refusal("python3.12", given() / "bin/python3.12"), "");
  add_python(home() / ".pyenv/versions/3.12.3", "3.12.3");
  add_python(home() / ".pyenv/versions/3.12.4", "3.12.4");
  const fs::path shim = home() / ".pyenv/shims/python3.12";
  write(shim, "#!/bin/sh\n", true);
  EXPECT_EQ(refusal("python3.12", shim), "");
  EXPECT_EQ(find().interpreters.front().version, "3.12.4");
  EXPECT_THAT(refusal("python3.13", shim), HasSubstr("it is a shim, and there is no python3.13"));
  add_node(home() / ".asdf/installs/nodejs/20.1.0");
  EXPECT_EQ(refusal("nodejs20.x", home() / ".asdf/shims/node"), "");
}

TEST_F(Interpreters, GivenButNotWhatTheirNameSaysAreRefusedByName) {
  add_python(given(), "3.9.1");
  EXPECT_THAT(refusal("python3.12", given() / "bin/python3.9"),
              AllOf(HasSubstr("--runtime python3.12=" + given().string()),
                    HasSubstr("it is Python 3.9.1")));
  EXPECT_THAT(refusal("python3.12", given()), HasSubstr("No such file"));
  add_node(given(), "18.1.0");
  EXPECT_THAT(refusal("nodejs20.x", given()), HasSubstr("it is Node 18.1.0"));
  write(given() / "bin/python3.10", "#!/bin/sh\n", true);
  EXPECT_THAT(refusal("python3.10", given()), HasSubstr("it is no program"));
  write(given() / "bin/python3.11", "\177ELF", true);
  EXPECT_THAT(refusal("python3.11", given()), HasSubstr("its standard library is missing"));
}

TEST(GivenRuntime, IsOneOfLambdasNamesAndAPath) {
  EXPECT_EQ(parse_given_runtime("python3.12=/x=y").value().path, "/x=y");
  EXPECT_EQ(parse_given_runtime("nodejs20.x=/x").value().runtime, "nodejs20.x");
  for (const char* text : {"", "python3.12", "python3.12=", "ruby3.2=/x", "python3.12a=/x",
                           "nodejs20=/x", "provided.al2023=/x"}) {
    auto parsed = parse_given_runtime(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message(), HasSubstr("--runtime " + std::string(text))) << text;
  }
}

TEST(ParseRuntime, KnowsEveryPythonAndNodeOfLambda) {
  Language language{};
  int generation = -1;
  EXPECT_TRUE(parse_runtime("python3.14", language, generation));
  EXPECT_EQ(std::pair(language, generation), std::pair(Language::python, 14));
  EXPECT_TRUE(parse_runtime("nodejs22.x", language, generation));
  EXPECT_EQ(std::pair(language, generation), std::pair(Language::node, 22));
  EXPECT_TRUE(parse_runtime("nodejs4.3-edge", language, generation));
  EXPECT_EQ(generation, 4);
  EXPECT_TRUE(parse_runtime("nodejs", language, generation));
  EXPECT_EQ(generation, 0);
  for (const char* other : {"provided", "provided.al2023", "java21", "python2.7", "python3."}) {
    EXPECT_FALSE(parse_runtime(other, language, generation)) << other;
  }
}

}  // namespace
}  // namespace proa::environment
