#include "frames/init/guest_memory.h"

#include "os/unique_fd.h"
#include "unit/frames/scratch_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace proa::frames::init {
namespace {

std::string status_of(const std::string& pid, const std::string& parent, const std::string& rest) {
  return "Name:\tsh\nState:\tS (sleeping)\nTgid:\t" + pid + "\nPid:\t" + pid + "\nPPid:\t" +
         parent + "\nTracerPid:\t0\n" + rest + "Threads:\t1\n";
}

TEST(Status, HasThePeakInItsOwnLine) {
  const auto status = parse_status(
      status_of("17", "1", "VmPeak:\t    9000 kB\nVmHWM:\t    1508 kB\nVmRSS:\t 100 kB\n"));
  EXPECT_EQ(status.peak_kib, 1508U);
  EXPECT_FALSE(status.is_kernel_thread);
  EXPECT_EQ(parse_status("Name:\tVmHWM: 5 kB\\nVmHWM: 6 kB\nPPid:\t1\n").peak_kib, 0U)
      << "a process chooses its name";
  EXPECT_EQ(parse_status("").peak_kib, 0U);
  EXPECT_EQ(parse_status("VmHWM:").peak_kib, 0U);
}

TEST(Status, TellsKernelThreads) {
  EXPECT_TRUE(parse_status(status_of("2", "0", "")).is_kernel_thread);
  EXPECT_TRUE(parse_status(status_of("9", "2", "")).is_kernel_thread);
  EXPECT_FALSE(parse_status(status_of("22", "21", "")).is_kernel_thread);
  EXPECT_FALSE(parse_status(status_of("22", "1", "")).is_kernel_thread) << "it has ended";
}

TEST(Vmstat, HasTheKillsWhereTheKernelCountsThem) {
  EXPECT_EQ(parse_oom_kills("drop_slab 1\noom_kill 3\nnuma_hit 5\n"), 3U);
  EXPECT_EQ(parse_oom_kills("drop_slab 1\noom_kill_other 3\n"), 0U);
  EXPECT_EQ(parse_oom_kills(""), 0U);
}

TEST(Meminfo, SaysWhatIsAvailable) {
  EXPECT_EQ(parse_available_kib("MemTotal:  54064 kB\nMemAvailable:   36760 kB\nBuffers: 1 kB\n"),
            36'760U);
  EXPECT_EQ(parse_available_kib("MemTotal:  54064 kB\n"), 0U);
}

/// A folder in place of /proc.
class MemoryWatchTest : public testing::Test {
 protected:
  MemoryWatchTest() {
    proc_.write("vmstat", "nr_free_pages 1\noom_kill 0\n");
    process("1", "0", 999'999);
    process("40", "1", 100);
    opened_.reset(::open(proc_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    watch_->read_from(opened_.get());
  }
  void process(const std::string& pid, const std::string& parent, int peak_kib) {
    const std::string line = peak_kib == 0 ? "" : "VmHWM:\t" + std::to_string(peak_kib) + " kB\n";
    proc_.write(pid + "/status", status_of(pid, parent, line));
  }
  void ends(const std::string& pid) { std::filesystem::remove_all(proc_.at(pid)); }

  ScratchFolder proc_;
  os::UniqueFd opened_;
  std::unique_ptr<MemoryWatch> watch_ = std::make_unique<MemoryWatch>();
  MemoryView view_;
};

TEST_F(MemoryWatchTest, SumsUpAllButInitAndTellsNewsOnly) {
  process("41", "40", 50);
  ASSERT_TRUE(watch_->take_news(view_));
  EXPECT_EQ(view_, (MemoryView{150 * 1024, 0}));
  EXPECT_FALSE(watch_->take_news(view_));
  process("41", "40", 60);
  ASSERT_TRUE(watch_->take_news(view_));
  EXPECT_EQ(view_.peak_bytes, 160U * 1024);
}

TEST_F(MemoryWatchTest, KeepsThePeakOfWhatHasEnded) {
  ASSERT_TRUE(watch_->take_news(view_));
  ends("40");
  EXPECT_FALSE(watch_->take_news(view_));
  process("50", "1", 99);
  EXPECT_FALSE(watch_->take_news(view_));
  watch_->process_ended(101);
  ASSERT_TRUE(watch_->take_news(view_)) << "it grew after the last sample";
  EXPECT_EQ(view_.peak_bytes, 101U * 1024);
}

TEST_F(MemoryWatchTest, CountsWhatTheKernelKilled) {
  ASSERT_TRUE(watch_->take_news(view_));
  proc_.write("vmstat", "oom_kill 2\n");
  ASSERT_TRUE(watch_->take_news(view_));
  EXPECT_EQ(view_, (MemoryView{100 * 1024, 2}));
}

TEST_F(MemoryWatchTest, LooksAtAKernelThreadOnceInAWhile) {
  process("9", "2", 0);
  ASSERT_TRUE(watch_->take_news(view_));
  process("9", "40", 500);  // its number was given again
  EXPECT_FALSE(watch_->take_news(view_));
  bool is_seen = false;
  for (int i = 0; i < 1'000 && !is_seen; ++i) is_seen = watch_->take_news(view_);
  EXPECT_TRUE(is_seen);
  EXPECT_EQ(view_.peak_bytes, 600U * 1024);
}

TEST_F(MemoryWatchTest, IsDueTenMillisecondsAfterASample) {
  EXPECT_TRUE(watch_->is_due());
  ASSERT_TRUE(watch_->take_news(view_));
  EXPECT_FALSE(watch_->is_due());
  bool is_due = false;
  for (int i = 0; i < 1'000 && !is_due; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    is_due = watch_->is_due();
  }
  EXPECT_TRUE(is_due);
}

TEST(MemoryWatch, KnowsNothingWithoutAFolder) {
  const auto watch = std::make_unique<MemoryWatch>();
  MemoryView view;
  EXPECT_FALSE(watch->take_news(view));
}

}  // namespace
}  // namespace proa::frames::init
