#include "catalog/node_addons.h"

#include <gtest/gtest.h>

namespace proa::catalog {
namespace {

TEST(AddonAbi, IsTheNumberOfTheSymbol) {
  using namespace std::string_view_literals;
  EXPECT_EQ(addon_abi("\0x\0node_register_module_v115\0y"sv), 115);
  EXPECT_EQ(addon_abi("\0node_register_module_v"sv), std::nullopt);
  EXPECT_EQ(addon_abi("nothing"), std::nullopt);
}

TEST(AddonAbi, IsNoneForNodeApi) {
  EXPECT_EQ(addon_abi("napi_register_module_v1 node_register_module_v115"), std::nullopt);
}

TEST(NodeAbi, IsKnownForLambdasVersions) {
  EXPECT_EQ(node_abi("18.20.4"), 108);
  EXPECT_EQ(node_abi("20"), 115);
  EXPECT_EQ(node_abi("21.0.0"), std::nullopt);
  EXPECT_EQ(node_abi(""), std::nullopt);
  EXPECT_EQ(node_of_abi(127), 22);
  EXPECT_EQ(node_of_abi(1), std::nullopt);
}

}  // namespace
}  // namespace proa::catalog
