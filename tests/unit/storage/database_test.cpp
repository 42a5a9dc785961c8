#include "storage/sqlite/database.h"

#include "unit/storage/store_fixture.h"

namespace proa::storage {
namespace {

class DatabaseTest : public StoreFixture {};

TEST_F(DatabaseTest, CommitsReachTheDiskBeforeTheyReturn) {
  auto opened = sqlite::open_database(file_, sqlite::key_value_schema());
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened.value().connection.value("PRAGMA journal_mode").value(), "wal");
  EXPECT_EQ(opened.value().connection.value("PRAGMA synchronous").value(), "2");  // FULL
}

TEST_F(DatabaseTest, AFileIsOpenOnce) {
  const auto first = sqlite::open_database(file_, sqlite::key_value_schema());
  const auto second = sqlite::open_database(file_, sqlite::key_value_schema());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::conflict);
}

TEST_F(DatabaseTest, DamageIsNamedWhenItIsOpened) {
  open().reset();
  run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
  std::filesystem::resize_file(file_, 5000);
  const auto opened = sqlite::open_database(file_, sqlite::key_value_schema());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::corrupt);
  EXPECT_NE(opened.error().message().find(file_.string()), std::string::npos);
}

}  // namespace
}  // namespace proa::storage
