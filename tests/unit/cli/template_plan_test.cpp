#include "cli/template_plan.h"

#include "unit/catalog/temp_folder.h"
#include "unit/cli/cli_daemon.h"

#include <boost/json/parse.hpp>

#include <fstream>

namespace proa::cli {
namespace {

class TemplatePlanTest : public CliDaemonTest {
 protected:
  TemplatePlanTest() {
    function_.name = "f";
    function_.runtime = "python3.11";
    function_.handler = "index.handler";
    function_.inline_code = "def handler(e, c): pass";
  }
  templates::TemplateFunction function_;
};

TEST_F(TemplatePlanTest, ATemplateSaysAllOfAFunction) {
  function_.layers = {templates::layer_placeholder("L"), "arn:other"};
  function_.environment = {{"A", "1"}, {"LAYER", "x" + templates::layer_placeholder("L")}};
  const FunctionWish wish = wish_of(function_, {{"L", "arn:l:1"}});
  EXPECT_EQ(wish.memory_mib, 128);
  EXPECT_EQ(wish.timeout_s, 3);
  EXPECT_EQ(wish.tmp_mib, 512);
  EXPECT_TRUE(wish.replaces_environment);
  EXPECT_EQ(wish.environment.at("LAYER"), "xarn:l:1");
  EXPECT_EQ(wish.layers, (std::vector<std::string>{"arn:l:1", "arn:other"}));
}

TEST_F(TemplatePlanTest, InlineCodeIsPackedAndNamesAreUnique) {
  templates::Template read;
  read.functions = {function_};
  ProgressLine progress(around_, false);
  const auto all = pack_template(around_, read, "/", progress);
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_GT(all.value().functions[0].package.bytes().size(), 0U);
  function_.line = 7;
  read.functions.push_back(function_);
  EXPECT_EQ(pack_template(around_, read, "/", progress).error().message(),
            "line 7: a second function with the name f");
}

TEST_F(TemplatePlanTest, WhatStandsBesideTheConfigurationIsSetWhereItDiffers) {
  function_.reserved_concurrency = 5;
  const auto there = boost::json::parse(R"({"Concurrency":{"ReservedConcurrentExecutions":5}})");
  EXPECT_TRUE(set_beside(around_, function_, &there).value().empty());
  EXPECT_EQ(asked_, "");
  EXPECT_EQ(set_beside(around_, function_, nullptr).value().size(), 1U);
  EXPECT_EQ(asked_, "PUT /2017-10-31/functions/f/concurrency {\"ReservedConcurrentExecutions\":5}");
  function_.reserved_concurrency.reset();
  function_.events.emplace();
  function_.events->retries_max = 1;
  body_ = R"({"MaximumRetryAttempts":1})";
  EXPECT_TRUE(set_beside(around_, function_, nullptr).value().empty());
  body_ = R"({"MaximumRetryAttempts":2})";
  EXPECT_EQ(set_beside(around_, function_, nullptr).value().size(), 1U);
}

}  // namespace
}  // namespace proa::cli
