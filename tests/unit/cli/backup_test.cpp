#include "unit/cli/cli_daemon.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace proa::cli {
namespace {

namespace fs = std::filesystem;

class BackupVerbsTest : public CliDaemonTest {
 protected:
  BackupVerbsTest()
      : top_(fs::temp_directory_path() / ("proa-backup-verbs-" + std::to_string(::getpid()))) {
    fs::create_directory(top_);
    file_ = (top_ / "b.tar").string();
  }
  ~BackupVerbsTest() override { fs::remove_all(top_); }
  static constexpr const char* kMade = R"({"backup_id":"id","bytes":5,"part_bytes_max":2,
      "files":[{"path":"blobs/a","size":3},{"path":"usage/b","size":0},
      {"path":"logs/c","size":2}]})";
  fs::path top_;
  std::string file_;
};

TEST_F(BackupVerbsTest, BackupFetchesAllPartsAndRestoreBringsThemBack) {
  bodies_ = {kMade, "ab", "c", "de", ""};
  EXPECT_EQ(run({"backup", file_}),
            file_ +
                " holds 3 files, 5 B. It holds keys and variables, too: keep it where nobody "
                "else reads.\n");
  ASSERT_EQ(all_asked_.size(), 5U);
  EXPECT_EQ(all_asked_[0], "POST /proa/v1/backups {}");
  EXPECT_EQ(all_asked_[1], "GET /proa/v1/backups/id/files/0?offset=0 ");
  EXPECT_EQ(all_asked_[2], "GET /proa/v1/backups/id/files/0?offset=2 ");
  EXPECT_EQ(all_asked_[3], "GET /proa/v1/backups/id/files/2?offset=0 ");
  EXPECT_EQ(all_asked_[4], "DELETE /proa/v1/backups/id ");
  const std::string data = (top_ / "data").string();
  EXPECT_EQ(run({"restore", file_, "--data", data}),
            data +
                " is as it was at 2025-11-26T05:22:42.000Z: 3 files, 5 B.\nServe it: proa serve "
                "--data " +
                data + "\n");
  EXPECT_EQ(fs::file_size(top_ / "data/blobs/a"), 3U);
  EXPECT_EQ(fs::file_size(top_ / "data/usage/b"), 0U);
  EXPECT_NE(run({"restore", file_, "--data", data}).find("is not an empty folder"),
            std::string::npos);
  EXPECT_EQ(code_, static_cast<int>(ExitCode::conflict));
}

TEST_F(BackupVerbsTest, ABackupThatFailsLeavesNoFileAndIsGivenUp) {
  statuses_ = {201, 404};
  bodies_ = {kMade,
             R"({"Message":"There is no such backup; one that is begun ends the one before"})"};
  EXPECT_NE(run({"backup", file_}).find("There is no such backup"), std::string::npos);
  EXPECT_EQ(asked_, "DELETE /proa/v1/backups/id ");
  EXPECT_TRUE(fs::is_empty(top_));
}

TEST_F(BackupVerbsTest, ABackupTakesNoFilesPlace) {
  std::ofstream(file_) << "mine";
  bodies_ = {kMade};
  EXPECT_NE(run({"backup", file_}).find("exists"), std::string::npos);
  EXPECT_EQ(code_, static_cast<int>(ExitCode::conflict));
  EXPECT_EQ(fs::file_size(file_), 4U);
}

TEST_F(BackupVerbsTest, RestoreOfNothingIsNamed) {
  EXPECT_NE(run({"restore", file_, "--data", (top_ / "data").string()}).find(file_ + " is missing"),
            std::string::npos);
  EXPECT_EQ(code_, static_cast<int>(ExitCode::not_found));
}

}  // namespace
}  // namespace proa::cli
