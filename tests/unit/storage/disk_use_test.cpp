#include "storage/disk_use.h"

#include "support/manual_clock.h"
#include "unit/storage/store_fixture.h"

#include <fstream>

namespace proa::storage {
namespace {

class DiskUseTest : public StoreFixture {
 protected:
  void write(const std::string& path, std::size_t bytes) const {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << std::string(bytes, 'x') << std::flush;
  }
  ManualClock clock_;
};

TEST_F(DiskUseTest, CountsEachPartOnce) {
  write("logs/a/1.seg", 40'000);
  write("blobs/a", 80'000);
  write("blobs/linked", 400'000);
  std::filesystem::create_hard_link(folder_ / "blobs/linked", folder_ / "blobs/again");
  write("lock", 1);
  DiskUse use(folder_, Bytes(), clock_);
  const auto report = use.report();
  ASSERT_TRUE(report) << report.error().message();
  const auto& kinds = report.value().kinds;
  ASSERT_EQ(kinds.size(), 2U) << "folders, and not the lock";
  EXPECT_GE(kinds.at("logs"), Bytes(40'000));
  EXPECT_GE(kinds.at("blobs"), Bytes(80'000));
  EXPECT_LT(kinds.at("blobs"), Bytes(400'000)) << "what is linked is somebody else's, too";
  EXPECT_GT(report.value().total, report.value().free);
}

TEST_F(DiskUseTest, LooksAtFilesOnlyNowAndThen) {
  DiskUse use(folder_, Bytes(), clock_);
  EXPECT_TRUE(use.report().value().kinds.empty());
  write("logs/1.seg", 1);
  clock_.advance(std::chrono::minutes(4));
  EXPECT_TRUE(use.report().value().kinds.empty());
  clock_.advance(std::chrono::minutes(1));
  EXPECT_TRUE(use.report().value().kinds.contains("logs"));
}

TEST_F(DiskUseTest, RefusesMoreWhereTheReserveIsTouched) {
  EXPECT_TRUE(DiskUse(folder_, Bytes(), clock_).check_room());
  EXPECT_TRUE(DiskUse(folder_, Bytes(1), clock_).check_room());
  const auto refused = DiskUse(folder_, Bytes::mib(1U << 30U), clock_).check_room();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::exhausted);
  EXPECT_NE(refused.error().message().find("1073741824 MiB that --disk-reserve keeps"),
            std::string::npos)
      << refused.error().message();
  EXPECT_FALSE(DiskUse(folder_ / "no", Bytes(1), clock_).check_room());
}

}  // namespace
}  // namespace proa::storage
