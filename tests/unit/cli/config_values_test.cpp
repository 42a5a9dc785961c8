#include "cli/config_change.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

namespace json = boost::json;

TEST(ConfigValues, AreWordsThatConfigTakes) {
  const json::value document =
      json::parse(R"({"Configuration":{"FunctionName":"f","FunctionArn":"arn:f","Version":"$LATEST",
  "State":"Active","LastUpdateStatus":"Successful","Runtime":"python3.11",
  "Architectures":["x86_64"],"Handler":"app.handler","Description":"","Role":"arn:role",
  "MemorySize":128,"Timeout":3,"EphemeralStorage":{"Size":512},"CodeSize":2048,"CodeSha256":"sha",
  "LastModified":"2025-11-26T05:20:42.000+0000","RevisionId":"rev-1","Layers":[{"Arn":"arn:l:1"}],
  "Environment":{"Variables":{"A":"secret","B":"2"}},
  "LoggingConfig":{"LogFormat":"Text","LogGroup":"/aws/lambda/f"}},
  "Tags":{"team":"x","proa:network":"none"},"Concurrency":{"ReservedConcurrentExecutions":5}})");
  const ConfigValues wanted{
      {"runtime", "python3.11"}, {"handler", "app.handler"}, {"memory", "128mb"},
      {"timeout", "3s"},         {"tmp", "512mb"},           {"role", "arn:role"},
      {"layers", "arn:l:1"},     {"log-format", "Text"},     {"log-group", "/aws/lambda/f"},
      {"concurrency", "5"},      {"env:A", "secret"},        {"env:B", "2"},
      {"network", "none"}};
  const ConfigValues values = config_values(document);
  EXPECT_EQ(values, wanted);
  std::vector<std::string> words;
  for (const auto& [key, value] : values) words.push_back(key + "=" + value);
  EXPECT_TRUE(parse_changes(words, {}));
}

TEST(ConfigValues, OddDocumentsHaveFewer) {
  EXPECT_TRUE(config_values(json::parse(R"({"Configuration":{"Layers":[7,null],"Environment":7,
    "LoggingConfig":[]},"Tags":7,"Concurrency":[]})"))
                  .empty());
}

}  // namespace
}  // namespace proa::cli
