#include "storage/sqlite/connection.h"

#include "unit/storage/store_fixture.h"

#include <unistd.h>

#include <thread>

namespace proa::storage {
namespace {

class ConnectionTest : public StoreFixture {};

TEST_F(ConnectionTest, DoesNotFollowASymbolicLink) {
  ASSERT_EQ(::symlink("elsewhere.db", file_.c_str()), 0);
  EXPECT_FALSE(open_sqlite(file_));
}

TEST_F(ConnectionTest, WaitsForAForeignReaderThatHoldsTheFile) {
  auto store = open();
  ASSERT_TRUE(store->put("f", "k", "1"));
  sqlite3* foreign = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &foreign), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(foreign, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::thread writer([&store] { EXPECT_TRUE(store->put("f", "k", "2")); });
  ASSERT_EQ(sqlite3_exec(foreign, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  writer.join();
  sqlite3_close(foreign);
  EXPECT_EQ(store->get("f", "k").value().value, "2");
}

TEST_F(ConnectionTest, ATransactionThatIsNotCommittedLeavesNothing) {
  auto connection = sqlite::Connection::open(file_);
  ASSERT_TRUE(connection);
  {
    auto transaction = sqlite::Transaction::begin(connection.value());
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(connection.value().run("CREATE TABLE t (x)"));
  }
  EXPECT_EQ(connection.value().value("SELECT count(*) FROM sqlite_schema").value(), "0");
  EXPECT_FALSE(connection.value().prepare("SELECT x FROM t"));
}

}  // namespace
}  // namespace proa::storage
