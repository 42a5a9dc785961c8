#include "base/encoding.h"
#include "unit/catalog/catalog_fixture.h"

namespace proa::catalog {
namespace {

class ArchivesTest : public CatalogFixture {
 protected:
  std::string upload(const std::string& zip, const std::string& announced) {
    auto& uploads = catalog_->uploads();
    const auto begun = uploads.begin(kAccount, zip.size(), sha256(announced));
    EXPECT_TRUE(begun) << begun.error().message();
    EXPECT_TRUE(uploads.append(kAccount, begun.value().id, 0, zip));
    return begun.value().id;
  }
  NewFunction from_upload(const std::string& name, const std::string& id) {
    NewFunction wanted = request(name, "");
    wanted.upload_id = id;
    return wanted;
  }
  std::size_t files(const char* folder) const {
    std::size_t count = 0;
    for (const auto& item : std::filesystem::directory_iterator(folder_ / folder)) {
      count += item.exists() ? 1 : 0;
    }
    return count;
  }
  const std::string zip_ = make_zip({file("app.py", "code")});
};

TEST_F(ArchivesTest, AnUploadBecomesCodeOnce) {
  const std::string id = upload(zip_, zip_);
  const auto record = run(catalog_->create_function(from_upload("f", id)));
  ASSERT_TRUE(record) << record.error().message();
  const auto& latest = *record.value()->latest;
  EXPECT_EQ(latest.code_sha256_base64, to_base64(as_chars(sha256(zip_))));
  EXPECT_EQ(latest.code_size, zip_.size());
  EXPECT_EQ(read(catalog_->tree_path(latest.tree_id) / "app.py"), "code");
  EXPECT_EQ(catalog_->code_zip(ref("f")).value(), zip_);
  EXPECT_EQ(files("uploads"), 0U);
  const auto again = run(catalog_->create_function(from_upload("g", id)));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::invalid);
  EXPECT_NE(again.error().message().find("There is no upload '" + id), std::string::npos);
  reopen();
  EXPECT_EQ(catalog_->code_zip(ref("f")).value(), zip_);
}

TEST_F(ArchivesTest, AnUploadOutlivesAChangeThatWasRefusedOrOnlyTried) {
  create("f");
  const std::string id = upload(zip_, zip_);
  EXPECT_EQ(run(catalog_->create_function(from_upload("f", id))).error().code(), Errc::conflict);
  CodeChange change;
  change.upload_id = id;
  change.is_dry_run = true;
  ASSERT_TRUE(run(catalog_->update_code(ref("f"), change)));
  EXPECT_EQ(files("uploads"), 1U);
  change.is_dry_run = false;
  ASSERT_TRUE(run(catalog_->update_code(ref("f"), change)));
  EXPECT_EQ(files("uploads"), 0U);
  EXPECT_EQ(catalog_->code_zip(ref("f")).value(), zip_);
}

TEST_F(ArchivesTest, LayersComeFromUploadsToo) {
  NewLayerVersion layer;
  layer.scope = model::Scope{kAccount, "us-east-1"};
  layer.name = "libs";
  layer.upload_id = upload(zip_, zip_);
  const auto version = run(catalog_->publish_layer_version(std::move(layer)));
  ASSERT_TRUE(version) << version.error().message();
  EXPECT_EQ(version.value()->code_size, zip_.size());
  EXPECT_EQ(files("uploads"), 0U);
}

TEST_F(ArchivesTest, AnUploadMustBeWhatWasAnnounced) {
  const auto refused =
      run(catalog_->create_function(from_upload("f", upload(zip_, "something else"))));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_EQ(refused.error().message(), "The upload has the SHA-256 " + to_hex(sha256(zip_)) +
                                           ", not the announced " +
                                           to_hex(sha256("something else")));
  EXPECT_EQ(files("code"), 0U);
  EXPECT_EQ(files("blobs"), 0U);
}

TEST_F(ArchivesTest, OnlyWhatIsSentAlongHasLambdasLimit) {
  options_.package_limits.zip_bytes_max = zip_.size() - 1;
  reopen();
  EXPECT_EQ(run(catalog_->create_function(request("f", zip_))).error().code(), Errc::too_large);
  const auto record = run(catalog_->create_function(from_upload("f", upload(zip_, zip_))));
  EXPECT_TRUE(record) << record.error().message();
}

}  // namespace
}  // namespace proa::catalog
