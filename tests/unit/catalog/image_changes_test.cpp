#include "base/encoding.h"
#include "unit/catalog/catalog_fixture.h"
#include "unit/oci/archive_builder.h"

#include <gmock/gmock.h>

namespace proa::catalog {
namespace {

using oci::ImageParts;
using oci::Node;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ImageChangesTest : public CatalogFixture {
 protected:
  ImageChangesTest() { options_.architecture = "x86_64"; }

  static ImageParts parts_of(const std::string& text, const std::string& name = "app:1") {
    return {.layers = {oci::tar_of({{"bin/run", text, AE_IFREG, 0755}})}, .name = name};
  }
  Result<ContainerImagePtr> load(const ImageParts& parts, const std::string& name = "") {
    return load_bytes(oci::tar_of(oci::layout_of(parts)), name);
  }
  Result<ContainerImagePtr> load_bytes(const std::string& bytes, const std::string& name = "",
                                       const std::string& announced = "") {
    auto& uploads = catalog_->uploads();
    const auto digest = sha256(announced.empty() ? bytes : announced);
    const auto begun = uploads.begin(kAccount, bytes.size(), digest, UploadKind::image);
    EXPECT_TRUE(begun) << begun.error().message();
    EXPECT_TRUE(uploads.append(kAccount, begun.value().id, 0, bytes));
    return run(catalog_->load_image({kAccount, begun.value().id, name}));
  }
  FunctionRecordPtr create_of(const std::string& name, const std::string& uri) {
    auto record = run(catalog_->create_function(image_request(name, uri)));
    EXPECT_TRUE(record) << record.error().message();
    return record ? record.value() : nullptr;
  }
  static NewFunction image_request(const std::string& name, const std::string& uri) {
    NewFunction wanted = request(name, "");
    wanted.config.runtime.clear();
    wanted.config.handler.clear();
    wanted.config.image.emplace();
    wanted.image_uri = uri;
    return wanted;
  }
};

TEST_F(ImageChangesTest, AnImageIsLoadedAndFoundByNamesAndDigest) {
  const auto loaded = load(parts_of("one"));
  ASSERT_TRUE(loaded) << loaded.error().message();
  const ContainerImage& image = *loaded.value();
  EXPECT_THAT(image.names, ElementsAre("app:1"));
  EXPECT_EQ(read(catalog_->tree_path(image.tree_id) / "bin/run"), "one");
  EXPECT_EQ(image.unpacked_bytes, 3U);
  EXPECT_EQ(image.layers, 1U);
  for (const std::string& name :
       {std::string("app:1"), std::string("docker.io/library/app:1"), image.digest,
        "app@" + image.digest, image.digest.substr(7, 12)}) {
    const auto found = catalog_->find_image(kAccount, name);
    ASSERT_TRUE(found) << name << found.error().message();
    EXPECT_EQ(found.value()->digest, image.digest);
  }
  EXPECT_EQ(catalog_->find_image(kAccount, "app").error().code(), Errc::not_found);
  EXPECT_EQ(catalog_->find_image("111111111111", "app:1").error().code(), Errc::not_found);
  reopen();
  EXPECT_TRUE(catalog_->find_image(kAccount, "app:1"));
  EXPECT_EQ(read(catalog_->tree_path(image.tree_id) / "bin/run"), "one");
}

TEST_F(ImageChangesTest, ANameGoesOverToTheImageThatIsLoadedLast) {
  const auto first = load(parts_of("one"), "app").value();
  const auto second = load(parts_of("two"), "app:latest").value();
  EXPECT_EQ(catalog_->find_image(kAccount, "app").value()->digest, second->digest);
  EXPECT_THAT(catalog_->find_image(kAccount, first->digest).value()->names, IsEmpty());
  // The same again keeps the names it has.
  const auto again = load(parts_of("two"), "other:1").value();
  EXPECT_THAT(again->names, ElementsAre("other:1", "app:latest"));
  EXPECT_EQ(catalog_->list_images(kAccount).size(), 2U);
  EXPECT_EQ(trees(), 2U);
}

// Else who knows the digests of another account's image could have it.
TEST_F(ImageChangesTest, AnArchiveHasToHoldWhatItSaysAlsoWhereTheTreeIsThere) {
  const auto first = load(parts_of("one")).value();
  std::string saved = oci::tar_of(oci::saved_of(parts_of("one", "thief:1")));
  const auto at = saved.find(std::string("one\0", 4));
  ASSERT_NE(at, std::string::npos);
  saved.replace(at, 3, "two");
  const auto refused = load_bytes(saved);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_FALSE(catalog_->find_image(kAccount, "thief:1"));
  EXPECT_EQ(trees(), 1U);
  // Made again from its archive, it is what it was.
  std::filesystem::remove_all(catalog_->tree_path(first->tree_id));
  reopen();
  EXPECT_EQ(read(catalog_->tree_path(first->tree_id) / "bin/run"), "one");
}

TEST_F(ImageChangesTest, AProgramThatIsNotThereIsForACallToFind) {
  ASSERT_TRUE(load(parts_of("one")));
  NewFunction wanted = image_request("f", "app:1");
  wanted.config.image->overrides.emplace().entry_point = {"absent"};
  const auto record = run(catalog_->create_function(std::move(wanted)));
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record.value()->latest->image->program, "/usr/local/sbin/absent");
}

TEST_F(ImageChangesTest, AFunctionIsMadeOfAnImage) {
  const auto image = load(parts_of("one")).value();
  const auto record = create_of("f", "app:1");
  ASSERT_TRUE(record);
  const model::FunctionVersion& latest = *record->latest;
  EXPECT_EQ(latest.tree_id, image->tree_id);
  EXPECT_EQ(latest.code_sha256_base64, image->digest.substr(7));
  EXPECT_EQ(latest.code_size, 0U);
  EXPECT_EQ(latest.image->uri, "app:1");
  EXPECT_EQ(latest.image->resolved_uri, "app@" + image->digest);
  EXPECT_THAT(latest.image->arguments(), ElementsAre("run"));
  EXPECT_EQ(latest.image->program, "/bin/run");
  EXPECT_FALSE(catalog_->code_zip(ref("f")));
  reopen();
  EXPECT_EQ(*catalog_->resolve(ref("f")).value()->image, *latest.image);
}

TEST_F(ImageChangesTest, AnImageThatIsNotThereIsRefusedAsLambdaDoes) {
  const auto refused = run(catalog_->create_function(image_request("f", "none:1")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_EQ(refused.error().message(),
            "Source image none:1 does not exist. Provide a valid source image.");
}

TEST_F(ImageChangesTest, AFunctionStaysOfItsPackageType) {
  ASSERT_TRUE(load(parts_of("one")));
  ASSERT_TRUE(load(parts_of("two", "app:2")));
  create("zip");
  create_of("image", "app:1");
  CodeChange to_image;
  to_image.image_uri = "app:2";
  EXPECT_EQ(run(catalog_->update_code(ref("zip"), to_image)).error().message(),
            "Please don't provide ImageUri when updating a function with packageType Zip.");
  CodeChange to_zip;
  to_zip.zip = make_zip({file("app.py", "1")});
  EXPECT_EQ(run(catalog_->update_code(ref("image"), to_zip)).error().message(),
            "Please provide ImageUri when updating a function with packageType Image.");
  const auto changed = run(catalog_->update_code(ref("image"), to_image));
  ASSERT_TRUE(changed) << changed.error().message();
  EXPECT_EQ(changed.value()->latest->image->uri, "app:2");
  ConfigChange handler;
  handler.handler = "a.b";
  EXPECT_THAT(run(catalog_->update_configuration(ref("image"), handler)).error().message(),
              HasSubstr("intended function PackageType is Image"));
  ConfigChange config;
  config.image_config.emplace();
  EXPECT_THAT(run(catalog_->update_configuration(ref("zip"), config)).error().message(),
              HasSubstr("intended function PackageType is Zip"));
}

TEST_F(ImageChangesTest, ImageConfigReplacesWhatTheImageSaysAndOutlivesNewCode) {
  ASSERT_TRUE(load(parts_of("one")));
  create_of("f", "app:1");
  ConfigChange change;
  change.image_config.emplace().entry_point = {"/bin/run", "x"};
  change.image_config->command = {};
  auto record = run(catalog_->update_configuration(ref("f"), change)).value();
  EXPECT_THAT(record->latest->image->arguments(), ElementsAre("/bin/run", "x", "run"));
  change.image_config->command.emplace();
  record = run(catalog_->update_configuration(ref("f"), change)).value();
  EXPECT_THAT(record->latest->image->arguments(), ElementsAre("/bin/run", "x"));
  CodeChange code;
  code.image_uri = "app:1";
  record = run(catalog_->update_code(ref("f"), code)).value();
  EXPECT_THAT(record->latest->image->arguments(), ElementsAre("/bin/run", "x"));
  change.image_config->entry_point.emplace();
  EXPECT_THAT(run(catalog_->update_configuration(ref("f"), change)).error().message(),
              HasSubstr("neither ENTRYPOINT nor CMD"));
}

TEST_F(ImageChangesTest, FunctionsOutliveTheirImage) {
  const auto image = load(parts_of("one")).value();
  create_of("f", "app:1");
  ASSERT_TRUE(run(catalog_->remove_image(kAccount, "app:1")));
  EXPECT_EQ(run(catalog_->remove_image(kAccount, "app:1")).error().code(), Errc::not_found);
  EXPECT_EQ(trees(), 1U);
  reopen();
  EXPECT_EQ(trees(), 1U);
  ASSERT_TRUE(run(catalog_->delete_function(ref("f"))));
  EXPECT_EQ(trees(), 0U);
}

TEST_F(ImageChangesTest, AMissingTreeIsUnpackedAgainFromItsArchive) {
  const auto image = load(parts_of("one")).value();
  create_of("f", "app:1");
  close();
  std::filesystem::remove_all(folder_ / "code" / image->tree_id);
  open();
  EXPECT_EQ(read(catalog_->tree_path(image->tree_id) / "bin/run"), "one");
  close();
  std::filesystem::remove_all(folder_ / "code" / image->tree_id);
  std::ofstream(folder_ / "blobs" / image->tree_id) << "no archive";
  pool_ = std::make_unique<asio::thread_pool>(1);
  store_ = storage::open_sqlite(folder_ / "proa.db").value();
  EXPECT_FALSE(Catalog::open(options_, *store_, *pool_, clock_));
}

TEST_F(ImageChangesTest, WhatIsNoImageIsRefusedAndLeavesNothing) {
  const std::string bytes = oci::tar_of(oci::layout_of(parts_of("one")));
  EXPECT_EQ(load_bytes(oci::tar_of({{"a", "b"}})).error().code(), Errc::invalid);
  EXPECT_EQ(load_bytes(bytes.substr(0, bytes.size() / 2)).error().code(), Errc::invalid);
  EXPECT_THAT(load_bytes(bytes, "", "other bytes").error().message(),
              HasSubstr("not the announced"));
  ImageParts other = parts_of("one");
  other.architecture = "arm64";
  EXPECT_THAT(load(other).error().message(), HasSubstr("is for arm64"));
  EXPECT_THAT(load(parts_of("one"), "a name").error().message(), HasSubstr("is no name"));
  ImageParts outside = parts_of("one");
  outside.layers = {oci::tar_of({{"../outside", "x"}})};
  EXPECT_THAT(load(outside).error().message(), HasSubstr("leads outside"));
  settle();
  EXPECT_EQ(trees(), 0U);
  EXPECT_THAT(catalog_->list_images(kAccount), IsEmpty());
}

TEST_F(ImageChangesTest, AnImageTooLargeIsRefused) {
  options_.image_limits.unpacked_bytes_max = 2;
  reopen();
  EXPECT_EQ(load(parts_of("one")).error().code(), Errc::too_large);
  EXPECT_EQ(trees(), 0U);
}

}  // namespace
}  // namespace proa::catalog
