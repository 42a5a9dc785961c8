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
