#include "cli/deployment.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

using Words = std::vector<std::string>;

class DeploymentTest : public ::testing::Test {
 protected:
  DeploymentTest() {
    there_ = boost::json::parse(R"({"Configuration":{"FunctionName":"f","Runtime":"python3.11",
      "Handler":"app.handler","MemorySize":128,"Timeout":3,"CodeSha256":")" +
                                to_base64(as_chars(digest_)) + R"(",
      "EphemeralStorage":{"Size":512},"Architectures":["x86_64"],
      "Environment":{"Variables":{"A":"1","B":"2"}},"Layers":[{"Arn":"arn:l:1"}]},
      "Tags":{"team":"x"}})");
    wish_.name = "f";
  }
  Plan plan() { return make_plan(wish_, &there_, digest_); }
  std::string configuration() { return boost::json::serialize(plan().configuration); }

  const Sha256Digest digest_ = sha256("code");
  boost::json::value there_;
  FunctionWish wish_;
};

TEST_F(DeploymentTest, WhatIsAskedForAndThereIsNoChange) {
  EXPECT_TRUE(plan().is_empty());
  wish_.runtime = "python3.11";
  wish_.handler = "app.handler";
  wish_.memory_mib = 128;
  wish_.timeout_s = 3;
  wish_.tmp_mib = 512;
  wish_.architecture = "x86_64";
  wish_.environment = {{"A", "1"}};
  wish_.removed_variables = {"C"};
  wish_.layers = Words{"arn:l:1"};
  wish_.tags = {{"team", "x"}};
  EXPECT_TRUE(plan().is_empty()) << configuration();
}

TEST_F(DeploymentTest, OnlyWhatDiffersIsChanged) {
  wish_.memory_mib = 256;
  wish_.timeout_s = 3;
  wish_.tmp_mib = 1024;
  EXPECT_EQ(plan().changes, (Words{"memory", "/tmp"}));
  EXPECT_EQ(configuration(), R"({"MemorySize":256,"EphemeralStorage":{"Size":1024}})");
  EXPECT_FALSE(plan().changes_code);
}

TEST_F(DeploymentTest, OtherBytesAreAChangeOfTheCode) {
  const Plan made = make_plan(wish_, &there_, sha256("other"));
  EXPECT_TRUE(made.changes_code);
  EXPECT_EQ(made.changes, Words{"code"});
  wish_.architecture = "arm64";
  EXPECT_EQ(plan().changes, Words{"code"});
}

TEST_F(DeploymentTest, VariablesAreMergedUnlessTheyReplace) {
  wish_.environment = {{"B", "3"}, {"C", "4"}};
  EXPECT_EQ(configuration(), R"({"Environment":{"Variables":{"A":"1","B":"3","C":"4"}}})");
  wish_.removed_variables = {"A"};
  EXPECT_EQ(plan().configuration.at("Environment").at("Variables"),
            boost::json::parse(R"({"B":"3","C":"4"})"));
  wish_.removed_variables.clear();
  wish_.replaces_environment = true;
  EXPECT_EQ(configuration(), R"({"Environment":{"Variables":{"B":"3","C":"4"}}})");
}

TEST_F(DeploymentTest, LayersAreAllThereShallBe) {
  wish_.layers = Words{"arn:l:1", "arn:m:2"};
  EXPECT_EQ(configuration(), R"({"Layers":["arn:l:1","arn:m:2"]})");
  wish_.layers = Words{};
  EXPECT_EQ(configuration(), R"({"Layers":[]})");
}

TEST_F(DeploymentTest, TagsThatDifferAreSet) {
  wish_.tags = {{"team", "x"}, {"proa:isolation", "microvm"}};
  EXPECT_EQ(boost::json::serialize(plan().tags), R"({"proa:isolation":"microvm"})");
  EXPECT_EQ(plan().changes, Words{"tags"});
}

TEST_F(DeploymentTest, ANewFunctionHasARoleAndAllThatWasAskedFor) {
  wish_.runtime = "python3.11";
  wish_.handler = "app.handler";
  wish_.architecture = "x86_64";
  wish_.environment = {{"A", "1"}};
  const Plan made = make_plan(wish_, nullptr, digest_);
  EXPECT_TRUE(made.is_new);
  EXPECT_TRUE(made.changes_code);
  EXPECT_EQ(boost::json::serialize(made.configuration),
            R"({"Runtime":"python3.11","Handler":"app.handler",)"
            R"("Role":"arn:aws:iam::000000000000:role/proa",)"
            R"("Environment":{"Variables":{"A":"1"}},"Architectures":["x86_64"]})");
}

TEST_F(DeploymentTest, KnowsLambdasLimits) {
  EXPECT_TRUE(check_wish(wish_));
  wish_.memory_mib = 64;
  EXPECT_EQ(check_wish(wish_).error().message(),
            "The memory in MB must be from 128 to 10240, not 64");
  wish_.memory_mib.reset();
  wish_.timeout_s = 901;
  EXPECT_EQ(check_wish(wish_).error().message(),
            "The timeout in seconds must be from 1 to 900, not 901");
  wish_.timeout_s.reset();
  wish_.layers = Words(6, "arn");
  EXPECT_EQ(check_wish(wish_).error().message(), "A function has at most 5 layers");
  wish_.layers.reset();
  wish_.name = "my function";
  EXPECT_EQ(check_wish(wish_).error().message(),
            "'my function' cannot be the name of a function, which has 1 to 64 letters, digits, "
            "'-' and '_'");
}

}  // namespace
}  // namespace proa::cli
