#include "model/settings_record.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

TEST(SettingsRecord, EveryValueSaysWhereItCameFrom) {
  const std::map<std::string, std::string> tags = {{"proa:network", "none"},
                                                   {"proa:idle", "remove=1h"}};
  const auto settings = parse_settings(tags, Settings()).value();
  const auto records = explain_settings(settings, tags);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].chosen, "container");
  EXPECT_EQ(records[0].inputs.at(0).from, "default");
  EXPECT_EQ(records[1].chosen, "none");
  EXPECT_EQ(records[1].inputs.at(0).from, "tag proa:network");
  EXPECT_EQ(records[2].chosen, "freeze after 50 ms, remove after 3600000 ms");
  EXPECT_EQ(records[2].inputs.at(0).from, "default");
  EXPECT_EQ(records[2].inputs.at(1).from, "tag proa:idle");
}

TEST(SettingsRecord, AMachineHasAKernelAndPerhapsNoNetworkCard) {
  std::map<std::string, std::string> tags = {{"proa:isolation", "microvm"}};
  auto records = explain_settings(parse_settings(tags, Settings()).value(), tags);
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[2].decision, "kernel");
  EXPECT_EQ(records[2].chosen, "net, else full, else stock: the first that is stored");
  EXPECT_EQ(records[2].inputs.at(0).from, "default");
  EXPECT_EQ(records[2].inputs.size(), 1U);
  tags["proa:kernel"] = "local";
  records = explain_settings(parse_settings(tags, Settings()).value(), tags);
  EXPECT_EQ(records[2].chosen, "local");
  EXPECT_EQ(records[2].inputs.at(0).from, "tag proa:kernel");
  EXPECT_EQ(records[2].inputs.at(1).value, "none: the kernel has no driver for one");
  EXPECT_EQ(records[1].chosen, "none");
  EXPECT_EQ(records[1].inputs.at(0).from, "tag proa:kernel");
}

TEST(SettingsRecord, LevelsAreOfJsonAlone) {
  FunctionVersion function;
  function.name = "f";
  auto record = explain_logging(function);
  EXPECT_EQ(record.chosen, "/aws/lambda/f");
  ASSERT_EQ(record.inputs.size(), 2U);
  EXPECT_EQ(record.inputs[0].from, "default");
  function.logging.format = LogFormat::json;
  function.logging.system_level = LogLevel::warn;
  function.logging.group = "own";
  record = explain_logging(function);
  EXPECT_EQ(record.chosen, "own");
  ASSERT_EQ(record.inputs.size(), 4U);
  EXPECT_EQ(record.inputs[3].value, "WARN");
  EXPECT_EQ(record.inputs[3].from, "function configuration: LoggingConfig");
}

}  // namespace
}  // namespace proa::model
