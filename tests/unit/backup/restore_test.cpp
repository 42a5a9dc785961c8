#include "unit/backup/data_folder.h"

#include <cstdlib>

namespace proa::backup {
namespace {

namespace fs = std::filesystem;

class RestoreTest : public DataFolderTest {
 protected:
  std::string failure(const fs::path& file, Errc code) const {
    const auto restored = restore(file, top_ / "new");
    EXPECT_FALSE(restored);
    EXPECT_FALSE(fs::exists(top_ / "new")) << "all or nothing";
    std::size_t folders = 0;
    for (const auto& each : fs::directory_iterator(top_)) folders += each.is_directory() ? 1U : 0U;
    EXPECT_EQ(folders, 1U) << "and nothing is left beside it";
    if (restored) return "";
    EXPECT_EQ(restored.error().code(), code) << restored.error().message();
    return restored.error().message();
  }
  /// The archive taken apart, changed by a command in its folder, and packed again.
  fs::path repacked(const std::string& command) const {
    const fs::path file = pack("b.tar");
    const std::string folder = (top_ / "apart").string();
    const std::string line = "set -e; mkdir " + folder + "; cd " + folder + "; tar xf " +
                             file.string() + "; " + command + "; tar cf " +
                             (top_ / "changed.tar").string() +
                             " proa-backup.json $(ls -d data extra* 2>/dev/null) SHA256SUMS; "
                             "cd /; rm -r " +
                             folder;
    EXPECT_EQ(std::system(line.c_str()), 0) << line;
    return top_ / "changed.tar";
  }
};

TEST_F(RestoreTest, BringsBackWhatWasThere) {
  for (const char* name : {"b.tar", "b.tar.gz", "b.tar.zst"}) {
    const auto file = pack(name);
    const auto restored = restore(file, top_ / "new");
    ASSERT_TRUE(restored) << restored.error().message();
    EXPECT_EQ(restored.value().files, 5U);
    EXPECT_EQ(read(top_ / "new/format"), "1\n");
    EXPECT_EQ(restored.value().made, "2023-11-14T22:13:20.000Z");
    EXPECT_EQ(read(top_ / "new/logs/1/r/1-1.seg"), "line 1\n");
    EXPECT_TRUE(fs::exists(top_ / "new/usage/empty.seg"));
    EXPECT_FALSE(fs::exists(top_ / "new/code"));
    const auto catalog = storage::open_sqlite(top_ / "new/catalog/catalog.db");
    EXPECT_EQ(catalog.value()->get("functions", "f").value().value, "one");
    fs::remove_all(top_ / "new");
  }
}

TEST_F(RestoreTest, TakesAnEmptyFolderAndNoOther) {
  const auto file = pack("b.tar");
  fs::create_directory(top_ / "empty");
  EXPECT_TRUE(restore(file, (top_ / "empty").string() + "/"));
  const auto refused = restore(file, data_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_EQ(read(data_ / "blobs/aa.zip"), "zip");
}

TEST_F(RestoreTest, RefusesWhatIsNoBackup) {
  EXPECT_NE(failure(top_ / "no.tar", Errc::not_found).find("missing"), std::string::npos);
  std::ofstream(top_ / "text") << "hello";
  failure(top_ / "text", Errc::corrupt);
  std::ofstream(top_ / "nothing");
  failure(top_ / "nothing", Errc::corrupt);
  ASSERT_EQ(std::system(("tar cf " + (top_ / "other.tar").string() + " -C " + data_.string() +
                         " blobs/aa.zip")
                            .c_str()),
            0);
  EXPECT_NE(failure(top_ / "other.tar", Errc::corrupt).find("proa-backup.json"), std::string::npos);
}

TEST_F(RestoreTest, RefusesEveryCut) {
  const auto file = pack("b.tar");
  const std::string whole = read(file);
  for (std::size_t size = 0; size + 10'240 < whole.size(); size += 3'001) {
    std::ofstream(top_ / "cut.tar", std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    failure(top_ / "cut.tar", Errc::corrupt);
  }
}

TEST_F(RestoreTest, NamesTheFileThatWasChanged) {
  EXPECT_NE(failure(repacked("echo x >> data/blobs/aa.zip"), Errc::corrupt)
                .find("'data/blobs/aa.zip' is damaged"),
            std::string::npos);
}

TEST_F(RestoreTest, NamesTheFileThatIsMissingOrAdded) {
  EXPECT_NE(failure(repacked("rm data/blobs/aa.zip"), Errc::corrupt)
                .find("'data/blobs/aa.zip' is missing"),
            std::string::npos);
  fs::remove(top_ / "b.tar");
  EXPECT_NE(failure(repacked("echo x > data/blobs/more"), Errc::corrupt)
                .find("'data/blobs/more' has no checksum"),
            std::string::npos);
}

TEST_F(RestoreTest, PutsNothingElsewhere) {
  EXPECT_NE(failure(repacked("echo x > extra"), Errc::corrupt).find("'extra'"), std::string::npos);
  fs::remove(top_ / "b.tar");
  EXPECT_NE(
      failure(repacked("ln -s /etc/passwd data/blobs/link"), Errc::corrupt).find("what is no file"),
      std::string::npos);
}

TEST_F(RestoreTest, RefusesANewerFormat) {
  EXPECT_NE(
      failure(repacked("sed -i 's/\"format\":1/\"format\":2/' proa-backup.json"), Errc::unsupported)
          .find("has format 2, this Proa knows formats up to 1"),
      std::string::npos);
}

TEST_F(RestoreTest, RefusesDataOfANewerFormat) {
  EXPECT_NE(failure(repacked("echo 2 >data/format; sha256sum $(find data -type f) >SHA256SUMS"),
                    Errc::unsupported)
                .find("has data format 2, this Proa knows formats up to 1"),
            std::string::npos);
}

TEST_F(RestoreTest, TakesABackupOfBeforeDataHadANumber) {
  const auto file = repacked(
      "rm data/format; sed -i '/format$/d' SHA256SUMS; sed -i 's/\"files\":5/\"files\":4/' "
      "proa-backup.json");
  const auto restored = restore(file, top_ / "new");
  ASSERT_TRUE(restored) << restored.error().message();
  EXPECT_FALSE(fs::exists(top_ / "new/format"));
}

}  // namespace
}  // namespace proa::backup
