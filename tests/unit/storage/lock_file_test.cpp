#include "storage/sqlite/lock_file.h"

#include "unit/storage/store_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

namespace proa::storage {
namespace {

class LockFileTest : public StoreFixture {};

TEST_F(LockFileTest, RefusesASecondOpenAndNamesTheProcess) {
  auto store = open();
  const auto second = open_sqlite(file_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::conflict);
  EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(LockFileTest, RefusesASecondProcess) {
  auto store = open();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto second = open_sqlite(file_);
    ::_exit(!second && second.error().code() == Errc::conflict ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(LockFileTest, IsFreeAgainAfterTheOwnerIsGone) {
  {
    const auto lock = sqlite::lock_beside(file_);
    ASSERT_TRUE(lock);
    EXPECT_EQ(sqlite::lock_beside(file_).error().code(), Errc::conflict);
  }
  EXPECT_TRUE(sqlite::lock_beside(file_));
}

}  // namespace
}  // namespace proa::storage
