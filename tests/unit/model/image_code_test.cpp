#include "model/image_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proa::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ImageCode, StartsWhatTheImageSaysUnlessTheFunctionSaysIt) {
  ImageCode image;
  EXPECT_THAT(image.arguments(), IsEmpty());
  image.defaults.entry_point = {"/run"};
  image.defaults.command = {"a", "b"};
  EXPECT_THAT(image.arguments(), ElementsAre("/run", "a", "b"));
  image.overrides.emplace().command = {"c"};
  EXPECT_THAT(image.arguments(), ElementsAre("/run", "c"));
  image.overrides->entry_point = std::vector<std::string>();
  EXPECT_THAT(image.arguments(), ElementsAre("c"));
}

TEST(ImageCode, WorksInAFolderOfItsRoot) {
  ImageCode image;
  EXPECT_EQ(image.working_directory(), "/");
  image.defaults.working_directory = "app";
  EXPECT_EQ(image.working_directory(), "/app");
  image.overrides.emplace().working_directory = "/srv";
  EXPECT_EQ(image.working_directory(), "/srv");
}

}  // namespace
}  // namespace proa::model
