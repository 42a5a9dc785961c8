// A data folder with something in each of its parts, and backups of it.
#pragma once

#include "backup/backup.h"
#include "storage/storage.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace proa::backup {

class DataFolderTest : public ::testing::Test {
 protected:
  DataFolderTest() {
    std::string name = (std::filesystem::temp_directory_path() / "proa-backup-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    top_ = name;
    data_ = top_ / "data";
    for (const char* part : {"catalog", "queue", "blobs", "code", "logs/1/r", "usage", "backups"}) {
      std::filesystem::create_directories(data_ / part);
    }
    catalog_ = storage::open_sqlite(data_ / "catalog" / "catalog.db").value();
    EXPECT_TRUE(catalog_->put("functions", "f", "one"));
    write("blobs/aa.zip", "zip");
    write("code/aa/app.py", "not in the backup");
    write("logs/1/r/1-1.seg", "line 1\n");
    write("usage/empty.seg", "");
  }
  ~DataFolderTest() override { std::filesystem::remove_all(top_); }

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((data_ / path).parent_path());
    std::ofstream(data_ / path, std::ios::app | std::ios::binary) << text;
  }
  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  std::unique_ptr<BackupStore> open() const { return BackupStore::open(data_).value(); }
  static std::string paths_of(const Backup& backup) {
    std::string paths;
    for (const BackupFile& file : backup.files) paths += file.path + " ";
    return paths;
  }
  /// Packs a backup of the folder as it is. What is asked for is `file`.
  std::filesystem::path pack(const std::string& file) const {
    const auto store = open();
    const Backup made = store->make().value();
    auto writer = Writer::create(top_ / file, made, WallTime(std::chrono::seconds(1'700'000'000)));
    EXPECT_TRUE(writer) << writer.error().message();
    for (std::size_t i = 0; i < made.files.size(); ++i) {
      EXPECT_TRUE(writer.value()->begin(made.files[i]));
      EXPECT_TRUE(writer.value()->add(store->read(made.id, i, 0).value()));
    }
    EXPECT_TRUE(writer.value()->finish());
    return top_ / file;
  }

  std::filesystem::path top_;
  std::filesystem::path data_;
  std::unique_ptr<storage::KeyValueStore> catalog_;
};

}  // namespace proa::backup
