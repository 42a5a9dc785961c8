// Accepting: durable, in batches, refused by name.
#include "unit/dispatch/queue_fixture.h"

#include <sys/mount.h>
#include <unistd.h>

namespace proa::dispatch {
namespace {

class AsyncStoreTest : public QueueFixture {};

TEST_F(AsyncStoreTest, AnEventOfNobodyIsRefused) {
  start();
  const auto refused = frames::await(io_, accept("1", "nobody"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::not_found);
  EXPECT_EQ(counts().accepted, 0U);
}

TEST_F(AsyncStoreTest, WhatComesTogetherIsStoredTogether) {
  std::vector<frames::Outcome<void>> accepted;
  accepted.reserve(300);
  for (int i = 0; i < 300; ++i) accepted.push_back(frames::begin(io_, accept(std::to_string(i))));
  for (const auto& each : accepted) ASSERT_TRUE(frames::finish(io_, each));
  EXPECT_EQ(counts().waiting, 300U);
  start();
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_EQ(dispatcher_.payloads.size(), 300U);
  EXPECT_EQ(dispatcher_.request_ids.size(), 300U);
}

TEST_F(AsyncStoreTest, ANearlyFullDiskTakesNothingNew) {
  disk_left_ = Bytes::mib(63);
  const auto refused = frames::await(io_, accept("1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::exhausted);
  EXPECT_EQ(refused.error().message(),
            "No new events: the disk of the data folder has only 63 MiB left");
}

TEST_F(AsyncStoreTest, WhatComesBetweenTwoLooksAtTheDiskLeavesTheReserve) {
  disk_left_ = Bytes::mib(67);  // 3 MiB, and an event is written twice: to the log and the file
  std::size_t accepted = 0;
  const std::string event = "\"" + std::string(1U << 20U, 'x') + "\"";
  while (accepted < 10 && frames::await(io_, accept(event))) ++accepted;
  EXPECT_EQ(accepted, 1U);
}

TEST_F(AsyncStoreTest, ALongLineThatFilledTheDiskLeavesRoomWhenItIsGone) {
  for (int i = 0; i < 80; ++i) send("\"" + std::string(1U << 20U, 'x') + "\"");
  disk_left_ = Bytes::mib(63);
  ASSERT_TRUE(until([&] { return !frames::await(io_, accept("1")); })) << "it is looked at again";
  start();
  ASSERT_TRUE(until([&] { return is_empty(); }));
  EXPECT_TRUE(until([&] { return bool(frames::await(io_, accept("1"))); }));
}

TEST_F(AsyncStoreTest, AFullDiskRefusesTheNewAndFinishesTheOld) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
  close();
  ASSERT_EQ(::mount("proa-test", folder_.c_str(), "tmpfs", 0, "size=2m"), 0);
  open();
  dispatcher_.is_holding = true;
  start();
  send("old");
  ASSERT_TRUE(until([&] { return dispatcher_.running == 1; }));
  const auto refused = frames::await(io_, accept("\"" + std::string(3 << 20U, 'x') + "\"", "g"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::exhausted) << refused.error().message();
  EXPECT_EQ(counts().running, 1U);
  dispatcher_.release();
  EXPECT_TRUE(until([&] { return is_empty(); }));
  EXPECT_EQ(counts().succeeded, 1U);
  close();
  EXPECT_EQ(::umount(folder_.c_str()), 0);
}

TEST_F(AsyncStoreTest, AFullDiskDoesNotHoldTheStopUp) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
  close();
  ASSERT_EQ(::mount("proa-test", folder_.c_str(), "tmpfs", 0, "size=2m"), 0);
  open();
  dispatcher_.is_holding = true;
  start();
  for (int i = 0; i < 20; ++i) send("\"" + std::string(4000, 'x') + "\"");
  ASSERT_TRUE(until([&] { return dispatcher_.running >= 4; }));
  std::ofstream filler(folder_ / "filler", std::ios::binary);
  while (filler.write("x", 1).flush()) {
  }
  dispatcher_.release();
  ASSERT_TRUE(until([&] { return dispatcher_.running == 0; }));
  const auto closed = frames::await(io_, queue_->close(clock_.steady_now()));
  ASSERT_FALSE(closed) << "there was room after all: the test shows nothing";
  EXPECT_EQ(closed.error().code(), Errc::exhausted);
  io_.restart();
  io_.run_for(std::chrono::milliseconds(2500));  // where a thread would be joined
  EXPECT_TRUE(io_.stopped()) << "something still waits";
  queue_.reset();
  filler.close();
  EXPECT_EQ(::umount(folder_.c_str()), 0);
}

TEST_F(AsyncStoreTest, AQueueThatCannotBeOpenedIsNamedAndStopsNobody) {
  close();
  std::ofstream(folder_ / "events.db") << "this is no database, by any means";
  open();
  const auto refused = frames::await(io_, accept("1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::unavailable);
  EXPECT_NE(refused.error().message().find("events.db"), std::string::npos);
  EXPECT_EQ(frames::await(io_, queue_->start({})).error().code(), Errc::unavailable);
  EXPECT_FALSE(frames::await(io_, queue_->counts()));
}

TEST_F(AsyncStoreTest, NothingIsAcceptedWhileStopping) {
  start();
  ASSERT_TRUE(frames::await(io_, queue_->close(clock_.steady_now())));
  EXPECT_EQ(frames::await(io_, accept("1")).error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace proa::dispatch
