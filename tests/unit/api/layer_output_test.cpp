#include "api/layer_output.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace proa::api {
namespace {

catalog::LayerVersion example() {
  catalog::LayerVersion layer;
  layer.account_id = "000000000000";
  layer.region = "us-east-1";
  layer.name = "libs";
  layer.version = 3;
  layer.code_sha256_base64 = "c2hh";
  layer.code_size = 99;
  layer.created = WallTime(std::chrono::milliseconds(1735689600123));
  return layer;
}

TEST(LayerOutput, LeavesOutWhatWasNotGiven) {
  EXPECT_EQ(boost::json::serialize(layer_summary(example())),
            R"({"LayerVersionArn":"arn:aws:lambda:us-east-1:000000000000:layer:libs:3",)"
            R"("Version":3,"Description":"","CreatedDate":"2025-01-01T00:00:00.123+0000"})");
}

TEST(LayerOutput, HasTheContentBesideAllElse) {
  catalog::LayerVersion layer = example();
  layer.description = "d";
  layer.license_info = "MIT";
  layer.compatible_runtimes = {"python3.12"};
  layer.compatible_architectures = {"x86_64"};
  EXPECT_EQ(boost::json::serialize(layer_version(layer, "http://here/zip")),
            R"({"Content":{"Location":"http://here/zip","CodeSha256":"c2hh","CodeSize":99},)"
            R"("LayerArn":"arn:aws:lambda:us-east-1:000000000000:layer:libs",)"
            R"("LayerVersionArn":"arn:aws:lambda:us-east-1:000000000000:layer:libs:3","Version":3,)"
            R"("Description":"d","CreatedDate":"2025-01-01T00:00:00.123+0000",)"
            R"("CompatibleRuntimes":["python3.12"],"CompatibleArchitectures":["x86_64"],)"
            R"("LicenseInfo":"MIT"})");
}

}  // namespace
}  // namespace proa::api
