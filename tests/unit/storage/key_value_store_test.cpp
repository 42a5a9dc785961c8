#include "os/file.h"
#include "storage/batch_store.h"
#include "unit/storage/store_fixture.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace proa::storage {
namespace {

class KeyValueStoreTest : public StoreFixture {};

TEST_F(KeyValueStoreTest, GivesBackWhatWasPutAfterReopening) {
  const std::string value("a\0b", 3);
  {
    auto store = open();
    ASSERT_TRUE(store->put("functions", "k", value));
    ASSERT_TRUE(store->put("functions", "empty", ""));
  }
  auto store = open();
  EXPECT_EQ(store->get("functions", "k").value().value, value);
  EXPECT_EQ(store->get("functions", "empty").value().value, "");
  EXPECT_EQ(store->get("layers", "k").error().code(), Errc::not_found);
}

TEST_F(KeyValueStoreTest, RevisionsGrowWithEveryWriteEvenAfterARemoval) {
  auto store = open();
  EXPECT_EQ(store->put("b", "x", "1").value(), 1U);
  EXPECT_EQ(store->put("b", "y", "1").value(), 2U);
  EXPECT_EQ(store->put("other", "x", "1").value(), 1U);
  ASSERT_TRUE(store->remove("b", "y"));
  EXPECT_EQ(store->put("b", "y", "2").value(), 3U);
  EXPECT_EQ(store->get("b", "y").value().revision, 3U);
}

TEST_F(KeyValueStoreTest, WritesThatBelongTogetherAreAllThereAfterReopening) {
  {
    auto store = open_sqlite_batches(file_).value();
    ASSERT_TRUE(store->put("b", "old", "1"));
    const std::vector<Write> writes{
        {"b", "x", "1"}, {"other", "y", ""}, {"b", "old", std::nullopt}, {"b", "x", "2"}};
    ASSERT_TRUE(store->write(writes));
    ASSERT_TRUE(store->write({}));
  }
  auto store = open();
  EXPECT_EQ(store->get("b", "x").value().value, "2");
  EXPECT_EQ(store->get("other", "y").value().value, "");
  EXPECT_EQ(store->get("b", "old").error().code(), Errc::not_found);
}

TEST_F(KeyValueStoreTest, OfWritesThatBelongTogetherNoneIsThereWhenOneFails) {
  { auto made = open(); }
  run_sql(
      "CREATE TRIGGER no BEFORE INSERT ON entry WHEN NEW.key = x'626164' "
      "BEGIN SELECT RAISE(ABORT, 'refused'); END");
  auto store = open_sqlite_batches(file_).value();
  const std::vector<Write> writes{{"b", "good", "1"}, {"b", "bad", "1"}};
  EXPECT_FALSE(store->write(writes));
  EXPECT_EQ(store->get("b", "good").error().code(), Errc::not_found);
  ASSERT_TRUE(store->put("b", "good", "2"));
}

TEST_F(KeyValueStoreTest, CompareAndPutRefusesAStaleRevision) {
  auto store = open();
  const auto first = store->compare_and_put("b", "k", "1", 0);
  ASSERT_TRUE(first);
  const auto again = store->compare_and_put("b", "k", "2", 0);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::conflict);
  EXPECT_EQ(store->get("b", "k").value().value, "1");
  ASSERT_TRUE(store->compare_and_put("b", "k", "2", first.value()));
  EXPECT_EQ(store->compare_and_put("b", "k", "3", first.value()).error().code(), Errc::conflict);
  EXPECT_EQ(store->compare_and_put("b", "none", "3", 7).error().code(), Errc::conflict);
}

TEST_F(KeyValueStoreTest, ListsABucketInBytewiseKeyOrder) {
  auto store = open();
  for (const char* key : {"b", "a/2", "a/10", "\xc3\xa4", "B"})
    ASSERT_TRUE(store->put("f", key, key));
  ASSERT_TRUE(store->put("g", "c", "c"));
  std::vector<std::string> keys;
  const auto entries = store->list("f");
  for (const auto& entry : entries.value()) {
    EXPECT_EQ(entry.key, entry.value);
    keys.push_back(entry.key);
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"B", "a/10", "a/2", "b", "\xc3\xa4"}));
  EXPECT_TRUE(store->list("nothing").value().empty());
}

TEST_F(KeyValueStoreTest, RemovingWhatDoesNotExistIsFine) {
  auto store = open();
  EXPECT_TRUE(store->remove("f", "k"));
  ASSERT_TRUE(store->put("f", "k", "v"));
  EXPECT_TRUE(store->remove("f", "k"));
  EXPECT_EQ(store->get("f", "k").error().code(), Errc::not_found);
}

TEST_F(KeyValueStoreTest, KeepsTheFileFromOtherUsersWhateverTheUmask) {
  const mode_t old = ::umask(0);
  {
    auto store = open();
    ASSERT_TRUE(store->put("f", "k", "secret"));
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
      struct stat status {};
      ASSERT_EQ(::stat((file_.string() + suffix).c_str(), &status), 0) << suffix;
      EXPECT_EQ(status.st_mode & 0777U, 0600U) << suffix;
    }
  }
  ::umask(old);
}

TEST_F(KeyValueStoreTest, KeepsEveryAcknowledgedWriteOfAKilledProcess) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = open_sqlite(file_);
    for (std::uint64_t i = 0; store; ++i) {
      if (!store.value()->put("f", std::to_string(i), "v")) break;
      if (::write(ends[1], &i, sizeof i) != sizeof i) break;
    }
    ::_exit(1);
  }
  std::uint64_t last = 0;
  while (last < 20)
    ASSERT_EQ(::read(ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ::close(ends[1]);
  for (std::uint64_t next = 0; ::read(ends[0], &next, sizeof next) == sizeof next;) last = next;
  ::close(ends[0]);
  auto store = open();
  ASSERT_NE(store, nullptr);
  for (std::uint64_t i = 0; i <= last; ++i) EXPECT_TRUE(store->get("f", std::to_string(i))) << i;
}

TEST_F(KeyValueStoreTest, WritesOfManyThreadsAllArriveWithRevisionsOfTheirOwn) {
  auto store = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(store->put("f", std::to_string(t) + "/" + std::to_string(i), "v"));
        EXPECT_TRUE(store->list("f"));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::map<std::uint64_t, int> revisions;
  const auto entries = store->list("f");
  for (const auto& entry : entries.value()) ++revisions[entry.revision];
  EXPECT_EQ(revisions.size(), 40U);
  EXPECT_EQ(revisions.rbegin()->first, 40U);
}

TEST_F(KeyValueStoreTest, NamesAFileThatIsNoDatabase) {
  std::ofstream(file_) << std::string(8192, 'x');
  const auto store = open_sqlite(file_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::corrupt);
  EXPECT_NE(store.error().message().find(file_.string()), std::string::npos);
}

TEST_F(KeyValueStoreTest, NamesAFileWithDamagedPages) {
  {
    auto store = open();
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(store->put("f", std::to_string(i), std::string(1000, 'v')));
    }
  }
  {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(3 * 4096);
    file << std::string(8 * 4096, '\x5a');
  }
  const auto store = open_sqlite(file_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::corrupt) << store.error().message();
  EXPECT_NE(store.error().message().find(file_.string()), std::string::npos);
}

TEST_F(KeyValueStoreTest, NamesATruncatedFile) {
  {
    auto store = open();
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(store->put("f", std::to_string(i), std::string(1000, 'v')));
    }
  }
  std::filesystem::resize_file(file_, 5000);
  const auto store = open_sqlite(file_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::corrupt) << store.error().message();
}

TEST_F(KeyValueStoreTest, AFullDiskIsExhaustedAndLosesNothing) {
  const auto disk = folder_ / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=512k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs: " << std::strerror(errno);
  }
  {
    auto store = open_sqlite(disk / "proa.db");
    ASSERT_TRUE(store) << store.error().message();
    ASSERT_TRUE(store.value()->put("f", "first", "v"));
    Result<std::uint64_t> last = 0;
    for (int i = 0; i < 64 && last; ++i) {
      last = store.value()->put("f", std::to_string(i), std::string(20000, 'v'));
    }
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code(), Errc::exhausted) << last.error().message();
    EXPECT_EQ(store.value()->get("f", "first").value().value, "v");
  }
  {
    auto store = open_sqlite(disk / "proa.db");
    EXPECT_TRUE(store) << store.error().message();
    if (store) {
      EXPECT_TRUE(store.value()->get("f", "first"));
      EXPECT_TRUE(store.value()->get("f", "0"));
    }
  }
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

}  // namespace
}  // namespace proa::storage
