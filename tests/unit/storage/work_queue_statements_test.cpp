#include "storage/sqlite/work_queue_statements.h"

#include "storage/sqlite/database.h"
#include "unit/storage/store_fixture.h"

namespace proa::storage {
namespace {

class WorkQueueStatementsTest : public StoreFixture {};

TEST_F(WorkQueueStatementsTest, FitTheNewestFormat) {
  auto opened = sqlite::open_database(file_, sqlite::work_queue_schema());
  ASSERT_TRUE(opened) << opened.error().message();
  const auto statements = sqlite::prepare_work_queue(opened.value().connection);
  EXPECT_TRUE(statements) << statements.error().message();
}

// With a million items that wait, a walk through the table would take a second each time.
TEST_F(WorkQueueStatementsTest, WhatWaitsIsFoundByItsIndex) {
  auto opened = sqlite::open_database(file_, sqlite::work_queue_schema());
  ASSERT_TRUE(opened);
  auto plan = opened.value().connection.prepare(
      "EXPLAIN QUERY PLAN SELECT id FROM item WHERE work_group = 1 AND is_taken = 0 AND due <= 2"
      " ORDER BY due, id LIMIT 3");
  ASSERT_TRUE(plan);
  ASSERT_TRUE(plan.value().step().value());
  EXPECT_NE(plan.value().bytes(3).find("item_waiting (work_group=? AND due<?)"),
            std::string_view::npos)
      << plan.value().bytes(3);
  EXPECT_FALSE(plan.value().step().value()) << "sorted apart: " << plan.value().bytes(3);
}

TEST_F(WorkQueueStatementsTest, DoNotFitAnotherFile) {
  auto opened = sqlite::open_database(file_, sqlite::key_value_schema());
  ASSERT_TRUE(opened);
  EXPECT_FALSE(sqlite::prepare_work_queue(opened.value().connection));
}

}  // namespace
}  // namespace proa::storage
