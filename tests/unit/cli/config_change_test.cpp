#include "cli/config_change.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

std::string configuration(const std::vector<std::string>& words) {
  const auto change = parse_changes(words, {});
  return change ? boost::json::serialize(change.value().configuration)
                : "error: " + change.error().message();
}

TEST(ConfigChange, PlainKeysAreMembersOfTheApi) {
  EXPECT_EQ(configuration({"memory=512mb", "timeout=2m", "handler=a.b", "runtime=nodejs20.x",
                           "role=arn:r", "description=x=y"}),
            R"({"MemorySize":512,"Timeout":120,"Handler":"a.b","Runtime":"nodejs20.x",)"
            R"("Role":"arn:r","Description":"x=y"})");
  EXPECT_EQ(configuration({"tmp=1gb", "layers=arn:a,arn:b", "log-format=json", "log-level=DEBUG"}),
            R"({"EphemeralStorage":{"Size":1024},"Layers":["arn:a","arn:b"],)"
            R"("LoggingConfig":{"LogFormat":"JSON","ApplicationLogLevel":"DEBUG"}})");
  EXPECT_EQ(configuration({"description=", "layers="}), R"({"Description":"","Layers":[]})");
}

TEST(ConfigChange, ARuntimeImageIsATagOfAnotherName) {
  const auto change = parse_changes({"runtime-image=py-sci"}, {});
  ASSERT_TRUE(change) << change.error().message();
  EXPECT_EQ(change.value().tags.at("proa:runtime"), "py-sci");
  EXPECT_FALSE(parse_changes({"runtime-image=Py"}, {}));
}

TEST(ConfigChange, UnitsThatPeopleWrite) {
  for (const char* word :
       {"memory=2048", "memory=2048MB", "memory=2gb", "memory=2GiB", "memory=2g"}) {
    EXPECT_EQ(configuration({word}), R"({"MemorySize":2048})") << word;
  }
  EXPECT_EQ(configuration({"timeout=45s"}), R"({"Timeout":45})");
  EXPECT_EQ(configuration({"timeout=1h"}), R"({"Timeout":3600})");
  for (const char* word : {"memory=1.5gb", "memory=-1", "memory=lots", "memory=12kb",
                           "memory=99999999999", "timeout=3ms", "timeout= 3", "concurrency=-1"}) {
    EXPECT_NE(configuration({word}).find(" is not of the form "), std::string::npos) << word;
  }
}

TEST(ConfigChange, VariablesAndSettingsComeAndGo) {
  const auto change = parse_changes(
      {"env:A=1=2", "env:B=", "network=none", "idle=freeze=1s remove=2m", "concurrency=10"},
      {"isolation", "env:C"});
  const Changes variables{{"A", "1=2"}, {"B", std::nullopt}, {"C", std::nullopt}};
  EXPECT_EQ(change.value().environment, variables);
  const Changes tags{{"proa:network", "none"},
                     {"proa:idle", "freeze=1s remove=2m"},
                     {"proa:isolation", std::nullopt}};
  EXPECT_EQ(change.value().tags, tags);
  EXPECT_EQ(change.value().concurrency, 10);
  for (const char* word : {"concurrency=none", "concurrency="}) {
    const auto none = parse_changes({word}, {});
    EXPECT_TRUE(none.value().has_concurrency);
    EXPECT_FALSE(none.value().concurrency);
  }
}

TEST(ConfigChange, WrongWordsAreNamed) {
  EXPECT_EQ(configuration({"memroy=1"}),
            "error: there is no setting 'memroy'; did you mean 'memory'?");
  EXPECT_EQ(configuration({"xyzzy=1"}),
            "error: there is no setting 'xyzzy'; `proa config --help` lists them");
  EXPECT_EQ(configuration({"memory"}),
            "error: 'memory' has no value: write KEY=VALUE, or --unset KEY");
  EXPECT_EQ(configuration({"memory=1", "memory=2"}), "error: 'memory' is said twice");
  EXPECT_EQ(configuration({"memory="}), "error: memory cannot be empty or unset");
  EXPECT_EQ(configuration({"env:=1"}), "error: env:=1 is not of the form env:NAME=VALUE");
  EXPECT_NE(configuration({"network=moon"}).find("proa:network"), std::string::npos);
  EXPECT_NE(configuration({"network=host:80"}).find("not supported by Proa yet"),
            std::string::npos);
  EXPECT_NE(configuration({"network=a!b"}).find("error: "), std::string::npos);
}

}  // namespace
}  // namespace proa::cli
