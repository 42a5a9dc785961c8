// A folder with a store's file, removed at the end of the test.
#pragma once

#include "storage/storage.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

namespace proa::storage {

class StoreFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/proa-storage-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    file_ = folder_ / "proa.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<KeyValueStore> open() {
    auto store = open_sqlite(file_);
    EXPECT_TRUE(store) << store.error().message();
    return store ? std::move(store).value() : nullptr;
  }

  std::unique_ptr<WorkQueue> open_queue() {
    auto queue = open_sqlite_queue(file_);
    EXPECT_TRUE(queue) << queue.error().message();
    return queue ? std::move(queue).value() : nullptr;
  }

  /// Runs SQL on the closed file with a connection of its own.
  void run_sql(const char* sql) {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &connection), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(connection, sql, nullptr, nullptr, &message), SQLITE_OK)
        << (message != nullptr ? message : "");
    sqlite3_free(message);
    sqlite3_close(connection);
  }

  std::filesystem::path folder_;
  std::filesystem::path file_;
};

}  // namespace proa::storage
