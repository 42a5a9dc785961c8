#include "base/task_group.h"

#include "base/pending.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <stdexcept>

namespace proa {
namespace {

namespace asio = boost::asio;

class TaskGroupTest : public ::testing::Test {
 protected:
  asio::awaitable<void> wait_for_gate() {
    (void)co_await gate_.wait(SteadyTime::max(), "the test");
    ++ended_;
  }
  asio::awaitable<void> join_group(TaskGroup& group) {
    co_await group.join();
    is_joined_ = true;
  }
  void join(TaskGroup& group) {
    asio::co_spawn(io_, join_group(group), [](std::exception_ptr) {});
  }
  void settle() {
    io_.restart();
    while (io_.poll() > 0) io_.restart();
  }

  asio::io_context io_;
  Pending<bool> gate_{io_.get_executor()};
  int ended_ = 0;
  bool is_joined_ = false;
};

TEST_F(TaskGroupTest, JoinWaitsForEveryTask) {
  TaskGroup group(io_.get_executor());
  group.spawn(wait_for_gate());
  group.spawn(wait_for_gate());
  join(group);
  settle();
  EXPECT_EQ(group.running(), 2U);
  EXPECT_FALSE(is_joined_);
  gate_.set(true);
  settle();
  EXPECT_EQ(group.running(), 0U);
  EXPECT_EQ(ended_, 2);
  EXPECT_TRUE(is_joined_);
}

TEST_F(TaskGroupTest, JoinOfAnEmptyGroupIsOverAtOnce) {
  TaskGroup group(io_.get_executor());
  join(group);
  settle();
  EXPECT_TRUE(is_joined_);
}

TEST_F(TaskGroupTest, TheLastTaskMayEndAfterTheGroup) {
  {
    TaskGroup group(io_.get_executor());
    group.spawn(wait_for_gate());
  }
  settle();
  gate_.set(true);
  settle();
  EXPECT_EQ(ended_, 1);
}

asio::awaitable<void> throwing() {
  throw std::runtime_error("no task may throw");
  co_return;
}

TEST(TaskGroupDeathTest, AnExceptionThatLeavesATaskEndsTheProcess) {
  asio::io_context io;
  TaskGroup group(io.get_executor());
  group.spawn(throwing());
  EXPECT_DEATH(io.run(), "an exception left a background task");
}

}  // namespace
}  // namespace proa
