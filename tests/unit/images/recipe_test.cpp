#include "images/images.h"

#include <gtest/gtest.h>

namespace proa::images {
namespace {

TEST(Recipe, OfCodeIsItsTree) {
  const auto recipe = code_recipe("tree");
  EXPECT_EQ(recipe.id.size(), 64U);
  EXPECT_EQ(recipe.tree_id, "tree");
  EXPECT_TRUE(recipe.layer_tree_ids.empty());
  EXPECT_EQ(recipe.arguments.back(), "/var/task");
  EXPECT_EQ(code_recipe("tree").id, recipe.id);
  EXPECT_NE(code_recipe("other").id, recipe.id);
}

TEST(Recipe, OfLayersDependsOnTheirOrderAndIsNotThatOfCode) {
  const auto recipe = layers_recipe({"a", "b"});
  EXPECT_EQ(recipe.layer_tree_ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(recipe.arguments.back(), "/opt");
  EXPECT_NE(layers_recipe({"b", "a"}).id, recipe.id);
  EXPECT_NE(layers_recipe({"a"}).id, code_recipe("a").id);
}

TEST(Recipe, OfARootChangesWithTheHostAndTheInterpreters) {
  const auto recipe = root_recipe({"/usr/bin/node"}, "state 1");
  EXPECT_EQ(recipe.tree_id, "");
  EXPECT_EQ(recipe.arguments.back(), "/usr/bin/node");
  EXPECT_EQ(root_recipe({"/usr/bin/node"}, "state 1").id, recipe.id);
  EXPECT_NE(root_recipe({"/usr/bin/node"}, "state 2").id, recipe.id);
  EXPECT_NE(root_recipe({"/usr/bin/node", "/usr/bin/python3.11"}, "state 1").id, recipe.id);
}

TEST(Recipe, OfARuntimeImagesRootIsItsTreeAndWhatOfOursIsInIt) {
  const auto recipe = runtime_root_recipe("tree", "state 1");
  EXPECT_EQ(recipe.tree_id, "tree");
  EXPECT_NE(recipe.id, code_recipe("tree").id);
  EXPECT_NE(recipe.id, runtime_root_recipe("tree", "state 2").id);
  EXPECT_NE(recipe.id, runtime_root_recipe("other", "state 1").id);
}

}  // namespace
}  // namespace proa::images
