#include "unit/packaging/package_folder.h"

#include <gmock/gmock.h>

namespace proa::packaging {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class BuildRootTest : public PackageFolderTest {
 protected:
  /// A recipe whose program is a shell script.
  RootRecipe recipe_of(const std::string& script) {
    write("mmdebstrap", "#!/bin/sh\n" + script);
    const auto program = folder_ / "mmdebstrap";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return {{"python3-b", "python3-a"}, "bookworm", {"/x/debian.sources"}, program};
  }
};

TEST_F(BuildRootTest, AsksForPackagesInOneOrderAndTakesWhatIsWritten) {
  const auto built = build_root(
      recipe_of("printf '%s\\n' \"$SOURCE_DATE_EPOCH\"; for w; do case $w in --extract*) ;; *) "
                "printf '%s\\n' \"$w\";; esac; done"));
  ASSERT_TRUE(built) << built.error().message();
  EXPECT_THAT(std::string(built.value().bytes()), testing::StartsWith("0\n--quiet\n"));
  EXPECT_THAT(std::string(built.value().bytes()),
              testing::EndsWith("--include=python3-a\n--include=python3-b\nbookworm\n-\n"
                                "/x/debian.sources\n"));
  EXPECT_EQ(built.value().digest, sha256(built.value().bytes()));
}

TEST_F(BuildRootTest, SaysWhatWentWrong) {
  EXPECT_EQ(build_root(recipe_of("exit 5")).error().code(), Errc::unavailable);
  auto missing = recipe_of("");
  missing.program = folder_ / "none";
  const auto failure = build_root(missing).error();
  EXPECT_EQ(failure.code(), Errc::not_found);
  EXPECT_THAT(failure.message(), HasSubstr("install the package mmdebstrap"));
}

TEST_F(BuildRootTest, WordsThatAreNoPackagesAreRefusedBeforeAnythingRuns) {
  for (const char* name : {"", "-o", "a b", "?all", "a,b", "../x"}) {
    auto recipe = recipe_of("exit 5");
    recipe.packages = {name};
    EXPECT_EQ(build_root(recipe).error().code(), Errc::invalid) << name;
  }
  auto recipe = recipe_of("exit 5");
  recipe.suite = "--help";
  EXPECT_EQ(build_root(recipe).error().code(), Errc::invalid);
}

TEST_F(BuildRootTest, TheHostSaysWhereItsPackagesComeFrom) {
  write("os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
  write("apt/sources.list.d/b.sources", "");
  write("apt/sources.list.d/a.list", "");
  write("apt/sources.list.d/c.disabled", "");
  const auto recipe = host_recipe(folder_);
  ASSERT_TRUE(recipe) << recipe.error().message();
  EXPECT_EQ(recipe.value().suite, "bookworm");
  EXPECT_THAT(recipe.value().sources, ElementsAre(folder_ / "apt/sources.list.d/a.list",
                                                  folder_ / "apt/sources.list.d/b.sources"));
  write("os-release", "ID=other\n");
  EXPECT_EQ(host_recipe(folder_).error().code(), Errc::invalid);
}

}  // namespace
}  // namespace proa::packaging
