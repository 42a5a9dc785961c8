#include "api/function_output.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace proa::api {
namespace {

TEST(FunctionOutput, WritesTimesAsLambdaDoes) {
  EXPECT_EQ(lambda_time(WallTime(std::chrono::milliseconds(1735689600000))),
            "2025-01-01T00:00:00.000+0000");
  EXPECT_EQ(lambda_time(WallTime(std::chrono::milliseconds(1709210096007))),
            "2024-02-29T12:34:56.007+0000");
}

TEST(FunctionOutput, ShowsLayersWhenThereAreSome) {
  model::FunctionVersion function;
  EXPECT_FALSE(function_configuration(function, Progress::settled).contains("Layers"));
  model::LayerRef layer;
  layer.arn = "arn:aws:lambda:us-east-1:000000000000:layer:l:1";
  layer.code_size = 7;
  function.layers.push_back(layer);
  EXPECT_EQ(
      boost::json::serialize(function_configuration(function, Progress::settled).at("Layers")),
      R"([{"Arn":"arn:aws:lambda:us-east-1:000000000000:layer:l:1","CodeSize":7}])");
}

TEST(FunctionOutput, QualifiesTheArnWithWhatWasAskedFor) {
  model::FunctionVersion function;
  function.name = "f";
  function.region = "r";
  function.account_id = "a";
  function.version = "3";
  EXPECT_EQ(function_configuration(function, Progress::settled, "prod").at("FunctionArn"),
            "arn:aws:lambda:r:a:function:f:prod");
  EXPECT_EQ(function_configuration(function, Progress::settled).at("FunctionArn"),
            "arn:aws:lambda:r:a:function:f");
}

}  // namespace
}  // namespace proa::api
