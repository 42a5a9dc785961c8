#include "catalog/upload_store.h"

#include "support/manual_clock.h"
#include "unit/catalog/temp_folder.h"

#include <thread>
#include <vector>

namespace proa::catalog {
namespace {

const std::string kAccount = "000000000000";
const std::string kOther = "111111111111";

class UploadStoreTest : public TempFolderTest {
 protected:
  void SetUp() override {
    TempFolderTest::SetUp();
    limits_.part_bytes_max = 4;
    limits_.bytes_max = 20;
    limits_.account_uploads_max = 3;
    limits_.account_bytes_max = 30;
    limits_.uploads_max = 4;
    limits_.all_bytes_max = 40;
    open();
  }
  void TearDown() override {
    store_.reset();
    TempFolderTest::TearDown();
  }
  void open() {
    store_.reset();
    auto store = UploadStore::open(folder_, clock_, limits_);
    ASSERT_TRUE(store) << store.error().message();
    store_ = std::move(store).value();
  }
  std::string begin(std::uint64_t bytes, const std::string& account = kAccount) {
    const auto upload = store_->begin(account, bytes, sha256("any"));
    EXPECT_TRUE(upload) << upload.error().message();
    return upload ? upload.value().id : "";
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_ / "uploads")) {
      count += file.exists() ? 1 : 0;
    }
    return count;
  }

  UploadLimits limits_;
  ManualClock clock_;
  std::unique_ptr<UploadStore> store_;
};

TEST_F(UploadStoreTest, PutsPartsTogether) {
  const std::string id = begin(6);
  EXPECT_EQ(store_->append(kAccount, id, 0, "abcd").value().received, 4U);
  EXPECT_EQ(store_->append(kAccount, id, 4, "ef").value().received, 6U);
  const auto complete = store_->complete(kAccount, id);
  ASSERT_TRUE(complete) << complete.error().message();
  EXPECT_EQ(read(complete.value().file), "abcdef");
  EXPECT_EQ(complete.value().digest, sha256("any"));
  store_->remove(kAccount, id);
  EXPECT_EQ(files(), 0U);
  EXPECT_EQ(store_->complete(kAccount, id).error().code(), Errc::not_found);
}

TEST_F(UploadStoreTest, TakesPartsInTheirOrderOnly) {
  const std::string id = begin(8);
  ASSERT_TRUE(store_->append(kAccount, id, 0, "abcd"));
  for (const std::uint64_t offset : {0U, 3U, 5U}) {
    const auto refused = store_->append(kAccount, id, offset, "x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::conflict);
    EXPECT_EQ(refused.error().message(), "The next part begins at offset 4");
  }
  EXPECT_EQ(store_->find(kAccount, id).value().received, 4U);
}

TEST_F(UploadStoreTest, RefusesPartsThatAreEmptyTooLargeOrBehindTheEnd) {
  const std::string id = begin(3);
  EXPECT_EQ(store_->append(kAccount, id, 0, "").error().code(), Errc::invalid);
  EXPECT_EQ(store_->append(kAccount, id, 0, "abcde").error().message(),
            "A part of an upload has at most 4 bytes");
  EXPECT_EQ(store_->append(kAccount, id, 0, "abcd").error().message(),
            "The part ends behind the 3 bytes that the upload was begun with");
  EXPECT_EQ(store_->complete(kAccount, id).error().message(),
            "The upload '" + id + "' has 0 of its 3 bytes");
}

TEST_F(UploadStoreTest, ShowsNoneToOtherAccounts) {
  const std::string id = begin(3);
  EXPECT_EQ(store_->find(kOther, id).error().code(), Errc::not_found);
  EXPECT_EQ(store_->append(kOther, id, 0, "abc").error().code(), Errc::not_found);
  EXPECT_EQ(store_->complete(kOther, id).error().code(), Errc::not_found);
  store_->remove(kOther, id);
  EXPECT_TRUE(store_->find(kAccount, id));
  EXPECT_EQ(store_->find(kAccount, "../" + id).error().code(), Errc::not_found);
}

TEST_F(UploadStoreTest, BoundsWhatOneAccountAndAllMayHave) {
  EXPECT_EQ(store_->begin(kAccount, 0, {}).error().code(), Errc::invalid);
  EXPECT_EQ(store_->begin(kAccount, 21, {}).error().code(), Errc::invalid);
  begin(10);
  begin(10);
  EXPECT_EQ(store_->begin(kAccount, 11, {}).error().code(), Errc::conflict) << "its bytes";
  begin(10);
  EXPECT_EQ(store_->begin(kAccount, 1, {}).error().code(), Errc::conflict) << "its number";
  EXPECT_EQ(store_->begin(kOther, 11, {}).error().code(), Errc::conflict) << "all bytes";
  begin(10, kOther);
  EXPECT_EQ(store_->begin("222222222222", 1, {}).error().code(), Errc::conflict) << "all";
  EXPECT_EQ(files(), 4U);
}

TEST_F(UploadStoreTest, RemovesWhatNobodyGoesOnWith) {
  const std::string idle = begin(4);
  const std::string used = begin(4);
  clock_.advance(limits_.idle_max - std::chrono::seconds(1));
  ASSERT_TRUE(store_->append(kAccount, used, 0, "ab"));
  store_->expire();
  EXPECT_EQ(files(), 2U);
  clock_.advance(std::chrono::seconds(1));
  store_->expire();
  EXPECT_FALSE(store_->find(kAccount, idle));
  EXPECT_TRUE(store_->find(kAccount, used));
  EXPECT_EQ(files(), 1U);
}

TEST_F(UploadStoreTest, TheNextDaemonBeginsWithNone) {
  const std::string id = begin(4);
  std::ofstream(folder_ / "uploads" / "left by a crash") << "x";
  open();
  EXPECT_EQ(files(), 0U);
  EXPECT_FALSE(store_->find(kAccount, id));
}

TEST_F(UploadStoreTest, OfTwoThatSendTheSamePartOneIsTaken) {
  const std::string id = begin(20);
  std::vector<std::jthread> senders;
  std::atomic<int> taken = 0;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      for (std::uint64_t at = 0; at < 20; at += 4) {
        if (store_->append(kAccount, id, at, "abcd")) ++taken;
      }
    });
  }
  senders.clear();
  // Each byte at most once, and in order.
  EXPECT_EQ(store_->find(kAccount, id).value().received, static_cast<std::uint64_t>(taken) * 4);
}

}  // namespace
}  // namespace proa::catalog
