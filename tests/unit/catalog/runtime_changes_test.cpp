#include "unit/catalog/catalog_fixture.h"
#include "unit/oci/archive_builder.h"

#include <gmock/gmock.h>

namespace proa::catalog {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RuntimeChangesTest : public CatalogFixture {
 protected:
  static std::string root_of(const std::string& text) {
    return oci::tar_of({{"usr/bin/python3.11", text, AE_IFREG, 0755},
                        {"var/lib/dpkg/status",
                         "Package: python3.11-minimal\nVersion: 3.11.2-6\n"
                         "Status: install ok installed\n\n"}});
  }
  Result<RuntimeImagePtr> add(const std::string& name, const std::string& bytes) {
    auto& uploads = catalog_->uploads();
    const auto begun = uploads.begin(kAccount, bytes.size(), sha256(bytes), UploadKind::image);
    EXPECT_TRUE(begun) << begun.error().message();
    EXPECT_TRUE(uploads.append(kAccount, begun.value().id, 0, bytes));
    NewRuntimeImage wanted{kAccount, begun.value().id, name, {"python3"}};
    return run(catalog_->add_runtime_image(std::move(wanted)));
  }
  Result<FunctionRecordPtr> create_in(const std::string& function, const std::string& image,
                                      const std::string& runtime = "python3.11") {
    NewFunction wanted = request(function);
    wanted.config.runtime = runtime;
    wanted.tags["proa:runtime"] = image;
    return run(catalog_->create_function(std::move(wanted)));
  }
};

TEST_F(RuntimeChangesTest, ARootIsAddedFoundAndKeptOverARestart) {
  const auto added = add("py", root_of("one"));
  ASSERT_TRUE(added) << added.error().message();
  for (int start = 0; start < 2; ++start) {
    const auto found = catalog_->find_runtime_image(kAccount, "py");
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found.value()->contents.interpreters,
              (std::vector<oci::RootInterpreter>{{"python3.11", "3.11.2", "/usr/bin/python3.11"}}));
    EXPECT_THAT(found.value()->asked_for, ElementsAre("python3"));
    EXPECT_TRUE(std::filesystem::exists(catalog_->tree_path(found.value()->tree_id) / "usr/bin"));
    EXPECT_EQ(catalog_->list_runtime_images(kAccount).size(), 1U);
    EXPECT_TRUE(catalog_->list_runtime_images("000000000001").empty());
    reopen();
  }
}

TEST_F(RuntimeChangesTest, ANameStandsForOneRoot) {
  ASSERT_TRUE(add("py", root_of("one")));
  EXPECT_EQ(add("py", root_of("two")).error().code(), Errc::conflict);
  EXPECT_EQ(add("Py", root_of("two")).error().code(), Errc::invalid);
  EXPECT_THAT(add("none", oci::tar_of({{"file", "x"}})).error().message(),
              HasSubstr("no root folder"));
  EXPECT_FALSE(catalog_->find_runtime_image(kAccount, "none"));
}

TEST_F(RuntimeChangesTest, AFunctionRunsInItAndKeepsIt) {
  const auto added = add("py", root_of("one"));
  ASSERT_TRUE(added);
  const auto made = create_in("f", "py");
  ASSERT_TRUE(made) << made.error().message();
  ASSERT_TRUE(made.value()->latest->root);
  EXPECT_EQ(made.value()->latest->root->program, "/usr/bin/python3.11");
  EXPECT_EQ(made.value()->latest->root->tree_id, added.value()->tree_id);
  const auto refused = run(catalog_->remove_runtime_image(kAccount, "py"));
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_THAT(refused.error().message(), HasSubstr("/f"));
  reopen();
  const model::FunctionRef ref{kAccount, "us-east-1", "f", std::nullopt};
  ASSERT_TRUE(catalog_->resolve(ref));
  EXPECT_TRUE(catalog_->resolve(ref).value()->root);
  // Without the tag it runs with the host's programs again.
  const auto untagged =
      run(catalog_->change_tags(ref, {{"proa:runtime", std::optional<std::string>()}}));
  ASSERT_TRUE(untagged) << untagged.error().message();
  EXPECT_FALSE(untagged.value()->latest->root);
  EXPECT_TRUE(catalog_->users_of_runtime_image(kAccount, "py").empty());
  EXPECT_TRUE(run(catalog_->remove_runtime_image(kAccount, "py")));
  EXPECT_EQ(run(catalog_->remove_runtime_image(kAccount, "py")).error().code(), Errc::not_found);
}

TEST_F(RuntimeChangesTest, APublishedVersionKeepsItToo) {
  ASSERT_TRUE(add("py", root_of("one")));
  const auto made = create_in("f", "py");
  ASSERT_TRUE(made);
  const model::FunctionRef ref{kAccount, "us-east-1", "f", std::nullopt};
  ASSERT_TRUE(run(catalog_->publish_version(ref, {})));
  ASSERT_TRUE(run(catalog_->change_tags(ref, {{"proa:runtime", std::optional<std::string>()}})));
  EXPECT_EQ(run(catalog_->remove_runtime_image(kAccount, "py")).error().code(), Errc::conflict);
}

TEST_F(RuntimeChangesTest, WhatTheImageLacksIsRefusedByName) {
  EXPECT_THAT(create_in("f", "none").error().message(), HasSubstr("no runtime image 'none'"));
  ASSERT_TRUE(add("py", root_of("one")));
  const auto refused = create_in("f", "py", "python3.12");
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_THAT(refused.error().message(), HasSubstr("has no python3.12. It has python3.11"));
}

}  // namespace
}  // namespace proa::catalog
