#include "unit/catalog/catalog_fixture.h"

namespace proa::catalog {
namespace {

class PublishTest : public CatalogFixture {};

TEST_F(PublishTest, RefusesARecordThatCouldNotBeReadBack) {
  auto bad = request("hello");
  bad.config.description = "\xff not UTF-8";
  EXPECT_EQ(run(catalog_->create_function(std::move(bad))).error().code(), Errc::invalid);
  bad = request("a/b");
  EXPECT_EQ(run(catalog_->create_function(std::move(bad))).error().code(), Errc::invalid);
  bad = request("hello");
  bad.config.memory_mib = 1;
  const auto refused = run(catalog_->create_function(std::move(bad)));
  EXPECT_NE(refused.error().message().find("memory_mib"), std::string::npos);
  EXPECT_EQ(trees(), 0U);
  reopen();
}

TEST_F(PublishTest, NamesARecordThatCannotBeRead) {
  create("a");
  ASSERT_TRUE(store_->put("functions", "000000000000/us-east-1/a", "{\"format\":1}"));
  catalog_.reset();
  const auto catalog = Catalog::open(options_, *store_, *pool_, clock_);
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().code(), Errc::corrupt);
  EXPECT_NE(catalog.error().message().find("000000000000/us-east-1/a"), std::string::npos);
}

TEST_F(PublishTest, ACrashBetweenUnpackingAndRecordingLeavesNothingVisible) {
  create("a");
  close();
  const std::string orphan(64, 'b');
  std::filesystem::create_directories(folder_ / "code" / orphan);
  std::filesystem::create_directories(folder_ / "code/.staging-77/x");
  std::ofstream(folder_ / "blobs" / orphan) << "zip";
  open();
  EXPECT_EQ(trees(), 1U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "blobs" / orphan));
  EXPECT_TRUE(catalog_->resolve(ref("a")));
}

TEST_F(PublishTest, UnpacksALostTreeAgainAndSaysWhenItCannot) {
  const auto tree_id = create("a", make_zip({file("app.py", "code")}))->latest->tree_id;
  close();
  std::filesystem::remove_all(folder_ / "code" / tree_id);
  open();
  EXPECT_EQ(read(catalog_->tree_path(tree_id) / "app.py"), "code");
  close();
  std::filesystem::remove_all(folder_ / "code" / tree_id);
  std::filesystem::remove(folder_ / "blobs" / tree_id);
  pool_ = std::make_unique<asio::thread_pool>(1);
  store_ = storage::open_sqlite(folder_ / "proa.db").value();
  const auto catalog = Catalog::open(options_, *store_, *pool_, clock_);
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().code(), Errc::corrupt);
  EXPECT_NE(catalog.error().message().find("us-east-1/a"), std::string::npos);
}

}  // namespace
}  // namespace proa::catalog
