#include "unit/backup/data_folder.h"

namespace proa::backup {
namespace {

class BackupStoreTest : public DataFolderTest {
 protected:
  static std::size_t index_of(const Backup& backup, const std::string& path) {
    for (std::size_t i = 0; i < backup.files.size(); ++i) {
      if (backup.files[i].path == path) return i;
    }
    ADD_FAILURE() << path;
    return 0;
  }
};

TEST_F(BackupStoreTest, TakesWhatIsDurableAndNotWhatIsMadeAgain) {
  const auto store = open();
  const Backup made = store->make().value();
  EXPECT_EQ(paths_of(made),
            "blobs/aa.zip catalog/catalog.db format logs/1/r/1-1.seg usage/empty.seg ");
  std::uint64_t bytes = 0;
  for (const BackupFile& file : made.files) bytes += file.size;
  EXPECT_EQ(made.bytes, bytes);
  EXPECT_EQ(made.id.size(), 32U);
}

TEST_F(BackupStoreTest, StaysAsItWasWhileTheDaemonGoesOn) {
  const auto store = open();
  const Backup made = store->make().value();
  write("logs/1/r/1-1.seg", "line 2\n");
  std::filesystem::remove(data_ / "blobs" / "aa.zip");
  ASSERT_TRUE(catalog_->put("functions", "f", "two"));
  EXPECT_EQ(store->read(made.id, index_of(made, "logs/1/r/1-1.seg"), 0).value(), "line 1\n");
  EXPECT_EQ(store->read(made.id, index_of(made, "blobs/aa.zip"), 1).value(), "ip");
  EXPECT_EQ(store->read(made.id, index_of(made, "blobs/aa.zip"), 3).value(), "");
  const auto copy = storage::open_sqlite(data_ / "backups" / made.id / "catalog/catalog.db");
  EXPECT_EQ(copy.value()->get("functions", "f").value().value, "one");
}

TEST_F(BackupStoreTest, LargeFilesComeInParts) {
  write("blobs/large", std::string(kPartMax, 'a') + "end");
  const auto store = open();
  const Backup made = store->make().value();
  const std::size_t index = index_of(made, "blobs/large");
  EXPECT_EQ(store->read(made.id, index, 0).value(), std::string(kPartMax, 'a'));
  EXPECT_EQ(store->read(made.id, index, kPartMax).value(), "end");
}

TEST_F(BackupStoreTest, RefusesWhatItHasNot) {
  const auto store = open();
  EXPECT_EQ(store->read("", 0, 0).error().code(), Errc::not_found);
  const Backup made = store->make().value();
  EXPECT_EQ(store->read("x", 0, 0).error().code(), Errc::not_found);
  EXPECT_EQ(store->read(made.id, made.files.size(), 0).error().code(), Errc::not_found);
  EXPECT_EQ(store->read(made.id, 0, 1'000'000).error().code(), Errc::invalid);
}

TEST_F(BackupStoreTest, TheNextOneAndTheNextStartRemoveIt) {
  auto store = open();
  const Backup first = store->make().value();
  const Backup second = store->make().value();
  EXPECT_FALSE(std::filesystem::exists(data_ / "backups" / first.id));
  EXPECT_EQ(store->read(first.id, 0, 0).error().code(), Errc::not_found);
  ASSERT_TRUE(store->remove(first.id)) << "what is not there is no error";
  EXPECT_TRUE(store->read(second.id, 0, 0));
  store = open();
  EXPECT_TRUE(std::filesystem::is_empty(data_ / "backups"));
  const Backup third = store->make().value();
  ASSERT_TRUE(store->remove(third.id));
  EXPECT_TRUE(std::filesystem::is_empty(data_ / "backups"));
}

TEST_F(BackupStoreTest, ADamagedDatabaseIsNamedAndNothingIsLeft) {
  std::ofstream(data_ / "queue" / "events.db") << "this is no database, but long enough to be one";
  const auto store = open();
  const auto made = store->make();
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("events.db"), std::string::npos) << made.error().message();
  EXPECT_TRUE(std::filesystem::is_empty(data_ / "backups"));
}

}  // namespace
}  // namespace proa::backup
