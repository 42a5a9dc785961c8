#include "storage/sqlite/schema.h"

#include "storage/sqlite/connection.h"
#include "unit/storage/store_fixture.h"

#include <vector>

namespace proa::storage {
namespace {

class SchemaTest : public StoreFixture {};

TEST_F(SchemaTest, RefusesANewerFormatByNumber) {
  open().reset();
  run_sql("PRAGMA user_version = 99");
  const auto store = open_sqlite(file_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::unsupported);
  EXPECT_NE(store.error().message().find("format 99"), std::string::npos);
}

TEST_F(SchemaTest, RefusesSomeoneElsesDatabase) {
  run_sql("CREATE TABLE bookmarks (url TEXT)");
  const auto store = open_sqlite(file_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::corrupt);
}

TEST_F(SchemaTest, RefusesAFileOfAnotherKind) {
  open().reset();
  const auto queue = open_sqlite_queue(file_);
  ASSERT_FALSE(queue);
  EXPECT_EQ(queue.error().code(), Errc::corrupt);
  EXPECT_NE(queue.error().message().find("of another kind"), std::string::npos);
}

TEST_F(SchemaTest, MigratesAnOlderFileStepByStepAndOnlyOnce) {
  open().reset();
  const std::vector<sqlite::Migration> steps{
      sqlite::key_value_schema().steps[0], {"CREATE TABLE second (x)"}, {"CREATE TABLE third (x)"}};
  const sqlite::Schema schema{sqlite::key_value_schema().application_id, steps};
  for (int round = 0; round < 2; ++round) {
    auto connection = sqlite::Connection::open(file_);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(sqlite::migrate(connection.value(), schema));
    EXPECT_EQ(connection.value().value("PRAGMA user_version").value(), "3");
    EXPECT_TRUE(connection.value().prepare("SELECT second.x FROM second, third"));
  }
  EXPECT_EQ(open_sqlite(file_).error().code(), Errc::unsupported);
}

TEST_F(SchemaTest, AFailedMigrationLeavesTheLastWholeFormat) {
  open().reset();
  const std::vector<sqlite::Migration> steps{sqlite::key_value_schema().steps[0],
                                             {"CREATE TABLE second (x)"},
                                             {"CREATE TABLE third (x); NONSENSE"}};
  const sqlite::Schema schema{sqlite::key_value_schema().application_id, steps};
  {
    auto connection = sqlite::Connection::open(file_);
    ASSERT_TRUE(connection);
    EXPECT_FALSE(sqlite::migrate(connection.value(), schema));
    EXPECT_EQ(connection.value().value("PRAGMA user_version").value(), "2");
    EXPECT_TRUE(connection.value().prepare("SELECT x FROM second"));
    EXPECT_FALSE(connection.value().prepare("SELECT x FROM third"));
  }
}

}  // namespace
}  // namespace proa::storage
