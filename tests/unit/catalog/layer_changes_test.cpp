#include "unit/catalog/catalog_fixture.h"

namespace proa::catalog {
namespace {

class LayerChangesTest : public CatalogFixture {};

TEST_F(LayerChangesTest, NumbersLayerVersionsAndNeverGivesANumberTwice) {
  const model::Scope scope{"000000000000", "us-east-1"};
  EXPECT_EQ(publish_layer("libs", make_zip({file("a", "1")}))->version, 1U);
  EXPECT_EQ(publish_layer("libs", make_zip({file("a", "2")}))->version, 2U);
  ASSERT_TRUE(run(catalog_->delete_layer_version(scope, "libs", 2)));
  ASSERT_TRUE(run(catalog_->delete_layer_version(scope, "libs", 2))) << "again is no error";
  ASSERT_TRUE(run(catalog_->delete_layer_version(scope, "libs", 1)));
  settle();
  EXPECT_EQ(trees(), 0U);
  EXPECT_TRUE(catalog_->list_layers(scope, "", 50).empty());
  reopen();
  EXPECT_EQ(publish_layer("libs", make_zip({file("a", "3")}))->version, 3U);
}

TEST_F(LayerChangesTest, ListsAndFindsLayers) {
  const model::Scope scope{"000000000000", "us-east-1"};
  publish_layer("libs", make_zip({file("a", "1")}));
  publish_layer("libs", make_zip({file("a", "2")}));
  publish_layer("libs", make_zip({file("a", "3")}));
  publish_layer("more", make_zip({file("a", "1")}));
  reopen();
  const auto layers = catalog_->list_layers(scope, "", 50);
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0]->version_arn(), "arn:aws:lambda:us-east-1:000000000000:layer:libs:3");
  EXPECT_EQ(catalog_->list_layers(scope, "libs", 50).size(), 1U);
  const auto versions = catalog_->list_layer_versions(scope, "libs", 3, 1);
  ASSERT_EQ(versions.size(), 1U);
  EXPECT_EQ(versions[0]->version, 2U);
  EXPECT_TRUE(catalog_->list_layer_versions(scope, "none", 0, 50).empty());
  EXPECT_EQ(catalog_->find_layer_version(layers[0]->version_arn()).value(), layers[0]);
  EXPECT_EQ(catalog_->find_layer_version(scope, "libs", 9).error().message(),
            "The resource you requested does not exist.");
  for (const char* arn : {"", "libs", "arn:aws:lambda:us-east-1:000000000000:layer:libs",
                          "arn:aws:lambda:us-east-1:000000000000:layer:libs:x",
                          "arn:aws:lambda:us-east-1:000000000000:layer:libs:0",
                          "arn:aws:lambda:us-east-1:000000000000:layer:libs:1:2"}) {
    EXPECT_EQ(catalog_->find_layer_version(arn).error().code(), Errc::invalid) << arn;
  }
  EXPECT_EQ(catalog_->layer_zip(*layers[1]).value(), make_zip({file("a", "1")}));
}

TEST_F(LayerChangesTest, AFunctionKeepsItsLayersEvenWhenTheyAreDeleted) {
  const auto layer = publish_layer("libs", make_zip({file("python/lib.py", "layer")}));
  auto with_layer = request("a");
  with_layer.layer_arns = {layer->version_arn()};
  const auto record = run(catalog_->create_function(std::move(with_layer)));
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record.value()->latest->layers.at(0).code_size, layer->code_size);
  ASSERT_TRUE(
      run(catalog_->delete_layer_version(model::Scope{"000000000000", "us-east-1"}, "libs", 1)));
  settle();
  EXPECT_EQ(trees(), 2U);
  reopen();
  EXPECT_EQ(trees(), 2U);
  EXPECT_EQ(catalog_->lease_code(*catalog_->resolve(ref("a")).value()).tree_ids().size(), 2U);
  ConfigChange change;
  change.layer_arns = std::vector<std::string>();
  ASSERT_TRUE(run(catalog_->update_configuration(ref("a"), change)));
  settle();
  EXPECT_EQ(trees(), 1U);
}

TEST_F(LayerChangesTest, ChecksLayersAgainstLambdasLimits) {
  std::vector<std::string> arns;
  for (int i = 0; i < 6; ++i) {
    arns.push_back(
        publish_layer("l" + std::to_string(i), make_zip({file("a", "1")}))->version_arn());
  }
  auto refused = request("a");
  refused.layer_arns = arns;
  EXPECT_EQ(run(catalog_->create_function(std::move(refused))).error().message(),
            "Cannot reference more than 5 layers.");
  refused = request("a");
  refused.layer_arns = {"arn:aws:lambda:us-east-1:000000000000:layer:none:1"};
  EXPECT_EQ(run(catalog_->create_function(std::move(refused))).error().message(),
            "Layer version arn:aws:lambda:us-east-1:000000000000:layer:none:1 does not exist.");
  refused = request("a");
  refused.layer_arns = {arns[0], publish_layer("l0", make_zip({file("a", "2")}))->version_arn()};
  const std::string second = refused.layer_arns[1];
  EXPECT_EQ(run(catalog_->create_function(std::move(refused))).error().message(),
            "Two different versions of the same layer are not allowed to be referenced in the same "
            "function. " +
                arns[0] + " and " + second + " are versions of the same layer.");
}

TEST_F(LayerChangesTest, RefusesLayersOfOtherAccountsAndRegions) {
  auto refused = request("a");
  refused.layer_arns = {"arn:aws:lambda:eu-west-1:000000000000:layer:libs:1"};
  auto result = run(catalog_->create_function(std::move(refused)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(),
            "Layers are not in the same region as the function. Layers are expected to be in "
            "region us-east-1.");
  refused = request("a");
  refused.layer_arns = {"arn:aws:lambda:us-east-1:123456789012:layer:libs:1"};
  result = run(catalog_->create_function(std::move(refused)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::denied);
  EXPECT_EQ(
      result.error().message(),
      "User: arn:aws:iam::000000000000:root is not authorized to perform: "
      "lambda:GetLayerVersion on resource: arn:aws:lambda:us-east-1:123456789012:layer:libs:1 "
      "because no resource-based policy allows the lambda:GetLayerVersion action");
}

TEST_F(LayerChangesTest, RefusesLayersThatTogetherAreTooLarge) {
  close();
  options_.package_limits.unpacked_bytes_max = 100;
  open();
  auto refused = request("a");
  refused.layer_arns = {
      publish_layer("x", make_zip({file("a", std::string(60, 'x'))}))->version_arn(),
      publish_layer("y", make_zip({file("a", std::string(60, 'y'))}))->version_arn()};
  EXPECT_EQ(run(catalog_->create_function(std::move(refused))).error().message(),
            "Layers consume more than the available size of 100 bytes");
}

TEST_F(LayerChangesTest, RefusesExtensionsByName) {
  const auto plain = publish_layer("plain", make_zip({file("extensions/lib/x", "no program")}));
  auto good = request("a");
  good.layer_arns = {plain->version_arn()};
  EXPECT_TRUE(run(catalog_->create_function(std::move(good))));
  const auto layer = publish_layer("ext", make_zip({file("extensions/agent", "#!/bin/sh")}));
  auto refused = request("b");
  refused.layer_arns = {layer->version_arn()};
  const auto result = run(catalog_->create_function(std::move(refused)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::unsupported);
  EXPECT_EQ(result.error().message(),
            "Layer version arn:aws:lambda:us-east-1:000000000000:layer:ext:1 brings the extension "
            "extensions/agent; extensions are not supported by Proa yet");
}

TEST_F(LayerChangesTest, CountsCodeAndLayersTogether) {
  close();
  options_.package_limits.unpacked_bytes_max = 100;
  open();
  const auto layer = publish_layer("libs", make_zip({file("a", std::string(60, 'x'))}));
  create("a", make_zip({file("a", std::string(50, 'y'))}));
  ConfigChange change;
  change.layer_arns = std::vector<std::string>{layer->version_arn()};
  const auto refused = run(catalog_->update_configuration(ref("a"), change));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "Function code combined with layers exceeds the maximum allowed size of 100 bytes. The "
            "actual size is 110 bytes.");
}

}  // namespace
}  // namespace proa::catalog
