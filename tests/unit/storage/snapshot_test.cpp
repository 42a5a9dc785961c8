#include "storage/snapshot.h"

#include "storage/storage.h"
#include "unit/storage/store_fixture.h"

namespace proa::storage {
namespace {

TEST_F(StoreFixture, SnapshotsHoldWhatAnOpenFileHolds) {
  const auto file = folder_ / "it's.db";
  auto store = open_sqlite(file).value();
  ASSERT_TRUE(store->put("b", "k", "old"));
  const auto copy = folder_ / "the copy's.db";
  ASSERT_TRUE(snapshot_sqlite(file, copy));
  ASSERT_TRUE(store->put("b", "k", "new"));
  const auto copied = open_sqlite(copy);
  ASSERT_TRUE(copied) << copied.error().message();
  EXPECT_EQ(copied.value()->get("b", "k").value().value, "old");
  EXPECT_EQ(store->get("b", "k").value().value, "new");
}

TEST_F(StoreFixture, SnapshotsAreRefusedByName) {
  const auto missing = snapshot_sqlite(folder_ / "no.db", folder_ / "copy.db");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Errc::not_found);
  auto store = open_sqlite(folder_ / "a.db").value();
  EXPECT_FALSE(snapshot_sqlite(folder_ / "a.db", folder_ / "no" / "copy.db"));
}

}  // namespace
}  // namespace proa::storage
