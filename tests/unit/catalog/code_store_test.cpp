#include "catalog/code_store.h"

#include "base/encoding.h"
#include "unit/catalog/temp_folder.h"
#include "unit/catalog/zip_builder.h"

#include <boost/asio/post.hpp>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstring>
#include <future>

namespace proa::catalog {
namespace {

class CodeStoreTest : public TempFolderTest {
 protected:
  CodeStore open() {
    auto store = CodeStore::open(folder_, pool_, limits_);
    EXPECT_TRUE(store) << store.error().message();
    return std::move(store).value();
  }

  /// Waits until the removals posted so far have run (one thread, in order).
  void settle() {
    std::promise<void> done;
    boost::asio::post(pool_, [&done] { done.set_value(); });
    done.get_future().wait();
  }

  std::size_t count(const char* folder) const {
    std::size_t count = 0;
    for (const auto& item : std::filesystem::directory_iterator(folder_ / folder)) {
      count += item.exists() ? 1 : 0;
    }
    return count;
  }

  void TearDown() override {
    pool_.join();
    TempFolderTest::TearDown();
  }

  boost::asio::thread_pool pool_{1};
  PackageLimits limits_;
  const std::string zip_ = make_zip({file("app.py", "code")});
  const std::string tree_id_ = to_hex(sha256(zip_));
};

TEST_F(CodeStoreTest, InstallsTheTreeAndTheZipUnderTheHash) {
  auto store = open();
  const auto package = store.install(zip_);
  ASSERT_TRUE(package) << package.error().message();
  EXPECT_EQ(package.value().tree_id, tree_id_);
  EXPECT_EQ(package.value().unpacked_bytes, 4U);
  EXPECT_EQ(store.tree_path(tree_id_), folder_ / "code" / tree_id_);
  EXPECT_EQ(read(store.tree_path(tree_id_) / "app.py"), "code");
  EXPECT_EQ(store.zip(tree_id_).value(), zip_);
  struct stat status {};
  ASSERT_EQ(::stat(store.tree_path(tree_id_).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0755U);
  EXPECT_EQ(count("code"), 1U);
}

TEST_F(CodeStoreTest, UnpacksTheSameZipOnce) {
  auto store = open();
  const auto first = store.install(zip_);
  ASSERT_TRUE(first);
  std::ofstream(store.tree_path(tree_id_) / "mark") << "still the first";
  const auto second = store.install(zip_);
  ASSERT_TRUE(second);
  EXPECT_TRUE(std::filesystem::exists(store.tree_path(tree_id_) / "mark"));
}

TEST_F(CodeStoreTest, RemovesATreeWhenItsLastLeaseAndHoldAreGone) {
  auto store = open();
  {
    auto package = store.install(zip_);
    ASSERT_TRUE(package);
    store.hold(tree_id_);
  }
  settle();
  EXPECT_EQ(count("code"), 1U) << "held";
  auto lease = store.acquire({tree_id_});
  ASSERT_TRUE(lease);
  store.drop(tree_id_);
  settle();
  EXPECT_EQ(count("code"), 1U) << "leased";
  lease.value() = CodeLease();
  settle();
  EXPECT_EQ(count("code"), 0U);
  EXPECT_EQ(count("blobs"), 0U);
  EXPECT_EQ(store.acquire({tree_id_}).error().code(), Errc::not_found);
}

TEST_F(CodeStoreTest, InstallsAgainWhileARemovalIsUnderWay) {
  auto store = open();
  std::promise<void> go;
  ASSERT_TRUE(store.install(zip_));
  settle();
  // The pool's only thread is busy, so the removal waits until the tree is in use again.
  auto first = store.install(zip_);
  ASSERT_TRUE(first);
  boost::asio::post(pool_, [future = go.get_future().share()] { future.wait(); });
  first.value().lease = CodeLease();
  const auto second = store.install(zip_);
  go.set_value();
  settle();
  ASSERT_TRUE(second);
  EXPECT_EQ(read(store.tree_path(tree_id_) / "app.py"), "code");
  EXPECT_EQ(store.zip(tree_id_).value(), zip_);
}

TEST_F(CodeStoreTest, LeavesNothingOfARefusedPackage) {
  auto store = open();
  EXPECT_FALSE(store.install("no zip"));
  EXPECT_FALSE(store.install(make_zip({file("a", "1"), file("../b", "2")})));
  settle();
  EXPECT_EQ(count("code"), 0U);
  EXPECT_EQ(count("blobs"), 0U);
}

TEST_F(CodeStoreTest, SweepsWhatACrashLeftAndNothingElse) {
  {
    auto store = open();
    ASSERT_TRUE(store.install(zip_));
    settle();
  }
  const std::string other(64, 'a');
  for (const std::string name : {".staging-0123", ".trash-4567", other.c_str()}) {
    std::filesystem::create_directories(folder_ / "code" / name / "deep");
    std::ofstream(folder_ / "code" / name / "deep/file") << "x";
  }
  std::ofstream(folder_ / "blobs" / ".new-abcdef") << "half a zip";
  std::ofstream(folder_ / "blobs" / other) << "a zip nobody refers to";
  std::ofstream(folder_ / "code" / "README") << "an administrator's note";
  auto store = open();
  auto package = store.install(zip_);
  ASSERT_TRUE(package);
  ASSERT_TRUE(store.sweep());
  EXPECT_EQ(count("code"), 2U);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "code/README"));
  EXPECT_TRUE(std::filesystem::exists(store.tree_path(tree_id_)));
  EXPECT_EQ(count("blobs"), 1U);
}

TEST_F(CodeStoreTest, UnpacksAMissingTreeFromItsZip) {
  auto store = open();
  auto package = store.install(zip_);
  ASSERT_TRUE(package);
  std::filesystem::remove_all(store.tree_path(tree_id_));
  ASSERT_TRUE(store.ensure(tree_id_));
  EXPECT_EQ(read(store.tree_path(tree_id_) / "app.py"), "code");

  std::filesystem::remove_all(store.tree_path(tree_id_));
  std::ofstream(folder_ / "blobs" / tree_id_, std::ios::app) << "damage";
  EXPECT_EQ(store.ensure(tree_id_).error().code(), Errc::corrupt);
  std::filesystem::remove(folder_ / "blobs" / tree_id_);
  EXPECT_EQ(store.ensure(tree_id_).error().code(), Errc::corrupt);
  EXPECT_EQ(store.ensure("../etc").error().code(), Errc::corrupt);
}

TEST_F(CodeStoreTest, LeasesMayOutliveTheStoreAndThenRemoveNothing) {
  CodeLease lease;
  {
    auto store = open();
    auto package = store.install(zip_);
    ASSERT_TRUE(package);
    lease = std::move(package.value().lease);
  }
  lease = CodeLease();
  settle();
  EXPECT_EQ(count("code"), 1U) << "found and removed by the next open()";
}

TEST_F(CodeStoreTest, AFullDiskIsExhaustedAndLeavesNothingBehind) {
  if (::mount("tmpfs", folder_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=256k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs: " << std::strerror(errno);
  }
  {
    auto store = open();
    const auto package = store.install(make_zip({file("big", std::string(150000, 'x'))}));
    EXPECT_FALSE(package);
    if (!package) {
      EXPECT_EQ(package.error().code(), Errc::exhausted) << package.error().message();
    }
    settle();
    EXPECT_EQ(count("code"), 0U);
    EXPECT_EQ(count("blobs"), 0U);
    EXPECT_TRUE(store.install(zip_)) << "there is room again";
    settle();
  }
  EXPECT_EQ(::umount(folder_.c_str()), 0);
}

}  // namespace
}  // namespace proa::catalog
