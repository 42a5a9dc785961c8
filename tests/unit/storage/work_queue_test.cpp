#include "unit/storage/store_fixture.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

namespace proa::storage {
namespace {

using Durability = WorkQueue::Durability;
using std::chrono::seconds;

class WorkQueueTest : public StoreFixture {
 protected:
  static WallTime at(int second) { return WallTime(seconds(1'000'000 + second)); }

  static WorkItem item(const std::string& group, const std::string& body, WallTime due = at(0)) {
    WorkItem made;
    made.group = group;
    made.head = "head of " + body;
    made.body = body;
    made.due = due;
    return made;
  }
  static std::uint64_t push(WorkQueue& queue, WorkItem made, bool is_taken = false) {
    WorkChanges changes;
    changes.pushed.push_back({std::move(made), is_taken});
    EXPECT_TRUE(queue.apply(changes, Durability::on_disk));
    return changes.pushed[0].item.id;
  }
  static std::vector<std::string> bodies(const std::vector<WorkItem>& items) {
    std::vector<std::string> out;
    for (const auto& each : items) out.push_back(each.body);
    return out;
  }
  static std::vector<std::string> take(WorkQueue& queue, const std::string& group, WallTime now,
                                       std::size_t max = 10) {
    return bodies(queue.take(group, now, max).value());
  }
  static void give_up(WorkQueue& queue, std::uint64_t id, WallTime died) {
    WorkChanges changes;
    changes.given_up.push_back({id, died, "given up"});
    ASSERT_TRUE(queue.apply(changes, Durability::on_disk));
  }
  using Strings = std::vector<std::string>;
};

TEST_F(WorkQueueTest, GivesWhatIsDueOfAGroupInTheOrderOfItsTime) {
  auto queue = open_queue();
  push(*queue, item("f", "later", at(5)));
  push(*queue, item("f", "first", at(1)));
  push(*queue, item("f", "second", at(1)));
  push(*queue, item("g", "other"));
  EXPECT_EQ(queue->next_due("f").value(), at(1));
  EXPECT_EQ(take(*queue, "f", at(1), 1), Strings{"first"});
  EXPECT_EQ(take(*queue, "f", at(4)), Strings{"second"});
  EXPECT_EQ(take(*queue, "f", at(4)), Strings{});
  EXPECT_EQ(queue->next_due("f").value(), at(5));
  EXPECT_EQ(take(*queue, "f", at(5)), Strings{"later"});
  EXPECT_EQ(queue->next_due("f").value(), std::nullopt);
  EXPECT_EQ(queue->next_due("nobody").value(), std::nullopt);
  EXPECT_EQ(queue->counts().taken, 3U);
  EXPECT_EQ(queue->counts().waiting, 1U);
}

TEST_F(WorkQueueTest, KeepsWhatIsNotFinishedOverAReopening) {
  std::uint64_t last = 0;
  {
    auto queue = open_queue();
    push(*queue, item("f", "waits", at(2)));
    const auto done = push(*queue, item("f", "done"), true);
    push(*queue, item("f", "cut", at(1)), true);
    WorkChanges changes;
    changes.finished.push_back(done);
    ASSERT_TRUE(queue->apply(changes, Durability::in_file));
    last = push(*queue, item("g", std::string("\0raw", 4)));
  }
  auto queue = open_queue();
  EXPECT_EQ(queue->counts().waiting, 3U);
  EXPECT_EQ(queue->counts().taken, 0U);
  const auto items = queue->take("f", at(9), 10).value();
  EXPECT_EQ(bodies(items), (Strings{"cut", "waits"}));
  EXPECT_EQ(items[0].interruptions, 1U);
  EXPECT_EQ(items[1].interruptions, 0U);
  EXPECT_EQ(items[0].head, "head of cut");
  EXPECT_EQ(take(*queue, "g", at(9)), Strings{std::string("\0raw", 4)});
  EXPECT_GT(push(*queue, item("g", "new")), last);
}

TEST_F(WorkQueueTest, AnIdIsNeverGivenTwice) {
  std::uint64_t first = 0;
  {
    auto queue = open_queue();
    first = push(*queue, item("f", "x"), true);
    WorkChanges changes;
    changes.finished.push_back(first);
    ASSERT_TRUE(queue->apply(changes, Durability::on_disk));
  }
  EXPECT_GT(push(*open_queue(), item("f", "y")), first);
}

TEST_F(WorkQueueTest, ADelayedItemWaitsWithItsNewHead) {
  auto queue = open_queue();
  const auto id = push(*queue, item("f", "x"), true);
  WorkChanges changes;
  changes.delayed.push_back({id, at(7), "second try"});
  ASSERT_TRUE(queue->apply(changes, Durability::in_file));
  EXPECT_EQ(take(*queue, "f", at(6)), Strings{});
  const auto again = queue->take("f", at(7), 1).value();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].head, "second try");
  EXPECT_EQ(again[0].id, id);
}

TEST_F(WorkQueueTest, WhatWaitsCanBeHastened) {
  auto queue = open_queue();
  push(*queue, item("f", "late", at(100)));
  push(*queue, item("f", "later", at(110)));
  ASSERT_TRUE(queue->hasten(seconds(95)));
  EXPECT_EQ(queue->next_due("f").value(), at(5));
  EXPECT_EQ(take(*queue, "f", at(10)), Strings{"late"});
}

TEST_F(WorkQueueTest, GroupsTellHowMuchWaitsAndUntilWhen) {
  {
    auto queue = open_queue();
    push(*queue, item("f", "1", at(3)));
    push(*queue, item("f", "2", at(2)));
    push(*queue, item("g", "3", at(1)), true);
    push(*queue, item("h", "4", at(4)));
  }
  const auto groups = open_queue()->groups().value();
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].name, "f");
  EXPECT_EQ(groups[0].waiting, 2U);
  EXPECT_EQ(groups[0].next_due, at(2));
  EXPECT_EQ(groups[1].name, "g");
}

TEST_F(WorkQueueTest, WhatIsNotThereIsPassedOver) {
  auto queue = open_queue();
  const auto waiting = push(*queue, item("f", "x"));
  WorkChanges changes;
  changes.finished = {waiting, 77};  // not taken; unknown
  changes.delayed.push_back({78, at(1), "h"});
  changes.given_up.push_back({79, at(1), "h"});
  ASSERT_TRUE(queue->apply(changes, Durability::on_disk));
  EXPECT_EQ(take(*queue, "f", at(1)), Strings{"x"});
  EXPECT_EQ(queue->counts().dead_letters, 0U);
}

TEST_F(WorkQueueTest, DeadLettersAreListedByPrefixShownAndRemoved) {
  auto queue = open_queue();
  const auto first = push(*queue, item("1/f", "one"), true);
  const auto second = push(*queue, item("1/g", "two"), true);
  const auto other = push(*queue, item("2/f", "three"), true);
  for (const auto id : {first, second, other}) give_up(*queue, id, at(3));
  EXPECT_EQ(queue->counts().taken, 0U);
  EXPECT_EQ(queue->counts().dead_letters, 3U);

  const auto letters = queue->dead_letters("1/", 0, 10).value();
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0].id, first);
  EXPECT_EQ(letters[0].group, "1/f");
  EXPECT_EQ(letters[0].head, "given up");
  EXPECT_EQ(letters[0].body, "");
  EXPECT_EQ(letters[0].died, at(3));
  EXPECT_EQ(letters[0].size, std::string("given upone").size());
  EXPECT_EQ(queue->dead_letters("1/", first, 10).value().size(), 1U);
  EXPECT_EQ(queue->dead_letters("", 0, 2).value().size(), 2U);
  EXPECT_EQ(queue->dead_letter(other).value().body, "three");

  ASSERT_TRUE(queue->remove_dead_letter(other));
  EXPECT_EQ(queue->dead_letter(other).error().code(), Errc::not_found);
  EXPECT_EQ(queue->remove_dead_letter(other).error().code(), Errc::not_found);
  EXPECT_EQ(queue->counts().dead_letters, 2U);
}

TEST_F(WorkQueueTest, ARevivedDeadLetterIsAnItemAgain) {
  auto queue = open_queue();
  const auto id = push(*queue, item("f", "x"), true);
  give_up(*queue, id, at(3));
  ASSERT_TRUE(queue->revive(id, "once more", at(4)));
  EXPECT_EQ(queue->revive(id, "twice", at(4)).error().code(), Errc::not_found);
  EXPECT_EQ(queue->counts().dead_letters, 0U);
  EXPECT_EQ(queue->counts().dead_letter_bytes, 0U);
  const auto items = queue->take("f", at(4), 10).value();
  EXPECT_EQ(bodies(items), Strings{"x"});
  EXPECT_EQ(items.at(0).head, "once more");
}

TEST_F(WorkQueueTest, ForgetsDeadLettersByAgeAndByBytes) {
  auto queue = open_queue();
  for (int i = 0; i < 600; ++i) {
    give_up(*queue, push(*queue, item("f", std::string(100, 'x')), true), at(i));
  }
  const auto forget = [&](WallTime before, std::uint64_t bytes_max) {
    std::uint64_t all = 0;
    while (const auto some = queue->forget_dead_letters(before, bytes_max).value()) {
      EXPECT_LE(some, 32U) << "a megabyte each may hold the queue up for long";
      all += some;
    }
    return all;
  };
  EXPECT_EQ(forget(at(300), 1'000'000), 300U);
  EXPECT_EQ(queue->dead_letters("", 0, 1).value().at(0).died, at(300));
  EXPECT_EQ(forget(at(0), 10 * 108), 290U);
  EXPECT_EQ(queue->counts().dead_letters, 10U);
  EXPECT_EQ(queue->counts().dead_letter_bytes, 10U * 108U);
}

TEST_F(WorkQueueTest, AProcessThatIsKilledLosesNothingItWasToldIsThere) {
  std::array<int, 2> told{};
  ASSERT_EQ(::pipe(told.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto queue = open_sqlite_queue(file_);
    for (int i = 0; queue; ++i) {
      WorkChanges changes;
      changes.pushed.push_back({item("f", std::to_string(i)), i % 2 == 1});
      if (!queue.value()->apply(changes, Durability::on_disk)) ::_exit(1);
      if (::write(told[1], ".", 1) != 1) ::_exit(1);
    }
    ::_exit(1);
  }
  ::close(told[1]);
  char mark = 0;
  std::size_t count = 0;
  while (count < 50 && ::read(told[0], &mark, 1) == 1) ++count;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(told[0], &mark, 1) == 1) ++count;
  ::close(told[0]);
  const auto found = open_queue()->take("f", at(9), 100'000).value();
  EXPECT_GE(found.size(), count);
  EXPECT_LE(found.size(), count + 1);
}

TEST_F(WorkQueueTest, GivesTheDiskBackWhatALongLineTook) {
  {
    auto queue = open_queue();
    WorkChanges many;
    for (int i = 0; i < 20; ++i) {
      many.pushed.push_back({item("f", std::string(1U << 20U, 'x')), true});
    }
    ASSERT_TRUE(queue->apply(many, Durability::on_disk));
    EXPECT_LT(queue->unused().value(), Bytes::mib(1));
    EXPECT_FALSE(queue->shrink(Bytes::mib(1)).value());
    WorkChanges ended;
    for (const auto& pushed : many.pushed) ended.finished.push_back(pushed.item.id);
    ASSERT_TRUE(queue->apply(ended, Durability::in_file));
    EXPECT_GE(queue->unused().value(), Bytes::mib(20));
    int steps = 1;
    while (queue->shrink(Bytes::mib(2)).value()) ++steps;
    EXPECT_GE(steps, 4);
    EXPECT_LE(queue->unused().value(), Bytes::mib(2));
    EXPECT_TRUE(take(*queue, "f", at(0)).empty());
  }
  EXPECT_LT(std::filesystem::file_size(file_), 4U << 20U);
}

TEST_F(WorkQueueTest, AFullDiskRefusesWhatIsNewAndKeepsWhatIsThere) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
  ASSERT_EQ(::mount("proa-test", folder_.c_str(), "tmpfs", 0, "size=1m"), 0);
  {
    auto queue = open_queue();
    const auto kept = push(*queue, item("f", "kept"), true);
    WorkChanges changes;
    changes.pushed.push_back({item("f", std::string(2'000'000, 'x')), false});
    const auto full = queue->apply(changes, Durability::on_disk);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code(), Errc::exhausted) << full.error().message();
    EXPECT_NE(full.error().message().find(file_.string()), std::string::npos);
    EXPECT_EQ(queue->counts().waiting, 0U);
    WorkChanges small;
    small.delayed.push_back({kept, at(1), "small"});
    EXPECT_TRUE(queue->apply(small, Durability::in_file));
    EXPECT_EQ(take(*queue, "f", at(1)), Strings{"kept"});
  }
  EXPECT_EQ(::umount(folder_.c_str()), 0);
}

TEST_F(WorkQueueTest, ADamagedFileIsNamed) {
  {
    auto queue = open_queue();
    for (int i = 0; i < 200; ++i) push(*queue, item("f", std::string(500, 'x')));
  }
  ::truncate(file_.c_str(), 8192);
  std::filesystem::remove(file_.string() + "-wal");
  const auto queue = open_sqlite_queue(file_);
  ASSERT_FALSE(queue);
  EXPECT_EQ(queue.error().code(), Errc::corrupt) << queue.error().message();
  EXPECT_NE(queue.error().message().find(file_.string()), std::string::npos);
}

}  // namespace
}  // namespace proa::storage
