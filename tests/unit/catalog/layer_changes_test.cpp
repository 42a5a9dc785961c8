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
  EXPECT_NE(run(catalog_->create_function(std::move(refused))).error().message().find("same layer"),
            std::string::npos);
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
  EXPECT_EQ(refused.error().message(), "Unzipped size must be smaller than 100 bytes");
}

}  // namespace
}  // namespace proa::catalog
