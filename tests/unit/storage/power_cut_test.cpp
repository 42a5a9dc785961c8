// What was answered as being on the disk survives a power cut, at whatever moment that comes.
#include "unit/storage/power_cut_vfs.h"
#include "unit/storage/store_fixture.h"

#include <set>

namespace proa::storage {
namespace {

using Durability = WorkQueue::Durability;

class PowerCutTest : public StoreFixture {
 protected:
  static constexpr int kSteps = 400;

  /// Pushes, takes and ends items by chance; with every step the power could fail.
  void work(unsigned seed) {
    std::mt19937 chance(seed);
    PowerCutVfs vfs;
    auto queue = open_queue();
    std::set<std::uint64_t> owed;       // on the disk and not ended
    std::set<std::uint64_t> uncertain;  // ended, but no sync says so yet
    std::vector<std::uint64_t> taken;
    for (int step = 0; step < kSteps; ++step) {
      WorkChanges changes;
      const bool is_push = chance() % 3 != 0 || taken.empty();
      if (is_push) {
        WorkItem item;
        item.group = chance() % 2 == 0 ? "f" : "g";
        item.head = "head";
        item.body = std::string(chance() % 3000, 'x');
        changes.pushed.push_back({std::move(item), true});
      } else {
        const std::uint64_t id = taken.back();
        taken.pop_back();
        owed.erase(id);
        uncertain.insert(id);
        changes.finished.push_back(id);
      }
      ASSERT_TRUE(queue->apply(changes, is_push ? Durability::on_disk : Durability::in_file));
      if (is_push) {
        taken.push_back(changes.pushed[0].item.id);
        owed.insert(taken.back());
        uncertain.clear();  // what was written before lies before it in the log
      }
      if (step % 20 == 0) check_after_cut(vfs, chance, owed, uncertain);
    }
    EXPECT_GT(vfs.syncs(), 200U);  // the file system was really ours
  }

  void check_after_cut(const PowerCutVfs& vfs, std::mt19937& chance,
                       const std::set<std::uint64_t>& owed,
                       const std::set<std::uint64_t>& uncertain) {
    const auto after = folder_ / "after";
    std::filesystem::create_directory(after);
    vfs.cut(folder_, after, chance);
    auto queue = open_sqlite_queue(after / file_.filename());
    ASSERT_TRUE(queue) << queue.error().message();
    std::set<std::uint64_t> found;
    for (const char* group : {"f", "g"}) {
      const auto items = queue.value()->take(group, WallTime::max(), 10'000);
      ASSERT_TRUE(items) << items.error().message();
      for (const auto& item : items.value()) {
        EXPECT_EQ(item.interruptions, 1U);
        found.insert(item.id);
      }
    }
    for (const auto id : owed) EXPECT_TRUE(found.contains(id)) << "lost: " << id;
    for (const auto id : found) {
      EXPECT_TRUE(owed.contains(id) || uncertain.contains(id)) << "came back: " << id;
    }
    queue.value().reset();
    std::filesystem::remove_all(after);
  }
};

TEST_F(PowerCutTest, NothingThatIsOnTheDiskIsLost) { work(1); }

TEST_F(PowerCutTest, NorWithAnotherOrderOfChance) { work(20251125); }

}  // namespace
}  // namespace proa::storage
