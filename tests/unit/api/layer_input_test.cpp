#include "api/layer_input.h"

#include "unit/api/exchanges.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

TEST(LayerInput, TakesANameOrTheLayersArn) {
  EXPECT_EQ(decode_layer_name("libs_1-a", kScope).value(), "libs_1-a");
  EXPECT_EQ(decode_layer_name("arn:aws:lambda:us-east-1:000000000000:layer:libs", kScope).value(),
            "libs");
}

TEST(LayerInput, RefusesOtherForms) {
  for (const std::string name :
       {"", "a b", "a:b", "arn:aws:lambda:us-east-1:000000000000:layer:libs:1",
        "arn:aws:lambda:us-east-1:12:layer:libs", "arn:aws:s3:us-east-1:000000000000:layer:libs"}) {
    const auto refused = decode_layer_name(name, kScope);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().message(),
              "1 validation error detected: Value '" + name +
                  "' at 'layerName' failed to satisfy constraint: Member must satisfy regular "
                  "expression pattern: "
                  R"((arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+)|)"
                  "[a-zA-Z0-9-_]+");
  }
  EXPECT_NE(decode_layer_name(std::string(141, 'a'), kScope)
                .error()
                .message()
                .find("have length less than or equal to 140"),
            std::string::npos);
}

TEST(LayerInput, OtherAccountsAndRegionsAreOutOfReach) {
  EXPECT_EQ(
      decode_layer_name("arn:aws:lambda:us-east-1:123456789012:layer:l", kScope).error().code(),
      Errc::denied);
  EXPECT_EQ(
      decode_layer_name("arn:aws:lambda:eu-west-1:000000000000:layer:l", kScope).error().code(),
      Errc::not_found);
}

TEST(LayerInput, VersionsAreNumbersFromOne) {
  EXPECT_EQ(decode_layer_version("12").value(), 12U);
  EXPECT_EQ(decode_layer_version("0").error().message(), "Layer Version Cannot be less than 1");
  EXPECT_EQ(decode_layer_version("-1").error().message(), "Layer Version Cannot be less than 1");
  EXPECT_FALSE(decode_layer_version("x"));
  EXPECT_FALSE(decode_layer_version("1x"));
  EXPECT_FALSE(decode_layer_version("99999999999999999999"));
}

TEST(LayerInput, KnowsTheArnsOfVersions) {
  EXPECT_TRUE(is_layer_version_arn("arn:aws:lambda:us-east-1:000000000000:layer:libs:1"));
  for (const char* arn : {"", "libs", "arn:aws:lambda:us-east-1:000000000000:layer:libs",
                          "arn:aws:lambda:us-east-1:000000000000:layer:libs:x",
                          "arn:aws:lambda:us-east-1:000000000000:layer:libs:1:2"}) {
    EXPECT_FALSE(is_layer_version_arn(arn)) << arn;
  }
}

TEST(LayerInput, FiltersByWhatALayerNames) {
  catalog::LayerVersion layer;
  layer.compatible_runtimes = {"python3.12"};
  LayerFilter filter;
  EXPECT_TRUE(filter.matches(layer));
  filter.runtime = "python3.12";
  EXPECT_TRUE(filter.matches(layer));
  filter.architecture = "arm64";
  EXPECT_FALSE(filter.matches(layer));
  layer.compatible_architectures = {"x86_64", "arm64"};
  EXPECT_TRUE(filter.matches(layer));
  filter.runtime = "nodejs20.x";
  EXPECT_FALSE(filter.matches(layer));
}

}  // namespace
}  // namespace proa::api
