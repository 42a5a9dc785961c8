#include "storage/segment_log.h"

#include "unit/storage/segments_fixture.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

namespace proa::storage {
namespace {

namespace fs = std::filesystem;

class SegmentLogTest : public SegmentsFixture {
 protected:
  std::vector<fs::path> files() const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(folder_ / "log")) out.push_back(entry.path());
    return out;
  }
  static std::uint64_t sum_of_sizes(const SegmentLog& log) {
    std::uint64_t sum = 0;
    for (const SegmentView& view : log.segments()) sum += fs::file_size(view.path);
    return sum;
  }
};

TEST_F(SegmentLogTest, AFolderThatIsMissingIsAnEmptyLogAndMadeByTheFirstAppend) {
  auto log = open();
  EXPECT_TRUE(log.segments().empty());
  EXPECT_EQ(log.size(), Bytes());
  EXPECT_FALSE(fs::exists(folder_ / "log"));
  put(log, "one", 0);
  put(log, "", 1);
  ASSERT_EQ(log.segments().size(), 1U);
  const SegmentView& view = log.segments()[0];
  EXPECT_EQ(view.path.filename(), "1700000000000-1700000000000.seg");
  EXPECT_EQ(view.first, at(0));
  EXPECT_EQ(view.last, at(1));
  EXPECT_EQ(view.size.count(), fs::file_size(view.path));
  EXPECT_EQ(log.size().count(), sum_of_sizes(log));
  EXPECT_EQ(payloads(log), (Strings{"one", ""}));
}

TEST_F(SegmentLogTest, ManyRecordsAreOneWriteAndAViewStaysTrueWhileTheFileGrows) {
  auto log = open();
  std::string frames;
  frame_record(frames, at(0), "a");
  frame_record(frames, at(5), std::string("\0b", 2));
  ASSERT_TRUE(log.append(frames, at(0), at(5)));
  const SegmentView before = log.segments()[0];
  put(log, "c", 6);
  auto reader = reader_of(before);
  EXPECT_EQ(rest_of(reader), (Strings{"a", std::string("\0b", 2)}));
  EXPECT_EQ(payloads(log).size(), 3U);
}

TEST_F(SegmentLogTest, ASegmentEndsWhenItIsFullOldOrTheClockWasSetBack) {
  SegmentLog::Options options;
  options.segment_max = Bytes(120);
  options.segment_age = std::chrono::seconds(60);
  auto log = open(options);
  put(log, std::string(40, 'a'), 0);
  put(log, "b", 1);
  EXPECT_EQ(log.segments().size(), 1U);
  put(log, std::string(40, 'c'), 2);
  EXPECT_EQ(log.segments().size(), 2U) << "full";
  put(log, "d", 60'003);
  EXPECT_EQ(log.segments().size(), 3U) << "old";
  put(log, "e", 30'000);
  ASSERT_EQ(log.segments().size(), 4U) << "set back";
  put(log, std::string(200, 'f'), 30'000);
  EXPECT_EQ(log.segments().size(), 5U) << "longer than a segment: one of its own";
  for (std::size_t i = 1; i < log.segments().size(); ++i) {
    EXPECT_GT(log.segments()[i].number, log.segments()[i - 1].number);
    EXPECT_LE(log.segments()[i].first, log.segments()[i].last);
  }
  EXPECT_EQ(log.segments()[3].first, at(30'000));
  EXPECT_EQ(payloads(log).size(), 6U);
  EXPECT_EQ(log.size().count(), sum_of_sizes(log));
}

TEST_F(SegmentLogTest, ARestartReadsWhatThereIsAndGoesOnInAnotherSegment) {
  {
    auto log = open();
    put(log, "old", 10);
  }
  auto log = open();
  ASSERT_EQ(log.segments().size(), 1U);
  EXPECT_EQ(log.segments()[0].first, at(10));
  EXPECT_GE(log.segments()[0].last, at(10)) << "the records lie within the times of the view";
  EXPECT_EQ(log.size().count(), sum_of_sizes(log));
  const SegmentView before = log.segments()[0];
  put(log, "new", 5);  // and the clock was set back meanwhile
  ASSERT_EQ(log.segments().size(), 2U);
  EXPECT_GT(log.segments()[1].number, before.number);
  EXPECT_EQ(fs::file_size(before.path), before.size.count());
  EXPECT_EQ(payloads(open()), (Strings{"old", "new"}));
}

TEST_F(SegmentLogTest, NumbersGrowWhenAllWasRemovedAndTheProcessBeganAnew) {
  auto log = open();
  put(log, "a", 0);
  const auto first = log.segments()[0].number;
  ASSERT_TRUE(log.remove_oldest());
  put(log, "b", 0);
  EXPECT_GT(log.segments()[0].number, first);
  const auto second = log.segments()[0].number;
  ASSERT_TRUE(log.remove_oldest());
  auto again = open();
  put(again, "c", 2);
  EXPECT_GT(again.segments()[0].number, second);
}

TEST_F(SegmentLogTest, FilesOfOtherNamesAndKindsAreLeftAlone) {
  fs::create_directories(folder_ / "log" / "7-7.seg");
  ASSERT_EQ(::mkfifo((folder_ / "log" / "8-8.seg").c_str(), 0600), 0);
  const std::string above = "99999999999999999999-1.seg";
  for (const std::string& name :
       {std::string("notes"), std::string("5-5.seg.gz"), std::string("5.seg"), std::string("-.seg"),
        std::string("5-x.seg"), std::string("18446744073709551615-1.seg"), above,
        std::string("5-9223372036854775807.seg"), std::string("5--9223372036854775808.seg")}) {
    write_bytes(folder_ / "log" / name, "x");
  }
  auto log = open();
  EXPECT_TRUE(log.segments().empty());
  put(log, "a", 0);
  EXPECT_EQ(payloads(open()), Strings{"a"});
  ASSERT_TRUE(log.remove_older_than(WallTime::max()));
  EXPECT_EQ(files().size(), 11U);
}

TEST_F(SegmentLogTest, WhatIsTooOldIsRemovedOldestFirst) {
  SegmentLog::Options options;
  options.segment_age = std::chrono::seconds(1);
  auto log = open(options);
  put(log, "a", 0);
  put(log, "b", 1000);
  put(log, "c", 5000);
  const auto size = log.segments()[0].size;
  EXPECT_EQ(log.remove_older_than(at(1000)).value(), Bytes()) << "its last record is not older";
  EXPECT_EQ(log.remove_older_than(at(1001)).value(), size);
  EXPECT_EQ(payloads(log), Strings{"c"});
  ASSERT_TRUE(log.remove_older_than(at(9000)));
  EXPECT_EQ(log.size(), Bytes());
  EXPECT_TRUE(files().empty());
  EXPECT_FALSE(log.is_file_open());
  EXPECT_EQ(log.remove_oldest().value(), Bytes());
  put(log, "d", 9001);
  EXPECT_EQ(payloads(log), Strings{"d"});
}

TEST_F(SegmentLogTest, AClosedFileIsGoneOnWith) {
  auto log = open();
  put(log, "a", 0);
  log.close_file();
  EXPECT_FALSE(log.is_file_open());
  put(log, "b", 1);
  EXPECT_EQ(log.segments().size(), 1U);
  EXPECT_EQ(payloads(log), (Strings{"a", "b"}));
}

TEST_F(SegmentLogTest, ARemovedFileIsNotWrittenTo) {
  auto log = open();
  put(log, "a", 0);
  fs::remove_all(folder_ / "log");
  put(log, "b", 1);
  log.close_file();
  fs::remove_all(folder_ / "log");
  put(log, "c", 2);
  EXPECT_EQ(payloads(open()), Strings{"c"});
  while (!log.segments().empty()) ASSERT_TRUE(log.remove_oldest()) << "also those that are gone";
  EXPECT_EQ(log.size(), Bytes());
}

TEST_F(SegmentLogTest, AFileThatSomebodyCutIsNotGoneOnWith) {
  auto log = open();
  put(log, "a", 0);
  put(log, "b", 1);
  const auto path = log.segments()[0].path;
  fs::resize_file(path, fs::file_size(path) - 5);
  put(log, "c", 2);
  ASSERT_EQ(log.segments().size(), 2U);
  auto cut = reader_of(log.segments()[0]);
  EXPECT_EQ(rest_of(cut), Strings{"a"});
  auto whole = reader_of(log.segments()[1]);
  EXPECT_EQ(rest_of(whole), Strings{"c"});
}

TEST_F(SegmentLogTest, AKilledWriterLeavesItsRecordsInTheirOrder) {
  SegmentLog::Options options;
  options.segment_max = Bytes::kib(64);
  const auto record = [](int i) { return std::to_string(i) + ':' + std::string(3000, 'x'); };
  const pid_t writer = ::fork();
  ASSERT_GE(writer, 0);
  if (writer == 0) {
    auto log = open(options);
    for (int i = 0; append(log, record(i), at(i)); ++i) continue;
    ::_exit(1);
  }
  while (!fs::exists(folder_ / "log") || files().size() < 5) ::usleep(1000);
  ASSERT_EQ(::kill(writer, SIGKILL), 0);
  ASSERT_EQ(::waitpid(writer, nullptr, 0), writer);
  auto log = open(options);
  const std::size_t segments = log.segments().size();
  put(log, "another process", 0);
  int next = 0;
  for (std::size_t i = 0; i < segments; ++i) {
    auto reader = SegmentReader::open(log.segments()[i]);
    if (!reader && i + 1 == segments) break;  // killed before its head was written
    ASSERT_TRUE(reader) << reader.error().message();
    for (const auto& payload : rest_of(reader.value())) ASSERT_EQ(payload, record(next++));
    EXPECT_TRUE(reader.value().damaged_bytes() == 0 || i + 1 == segments);
  }
  EXPECT_GT(next, 60);
  auto last = reader_of(log.segments().back());
  EXPECT_EQ(rest_of(last), Strings{"another process"});
}

TEST_F(SegmentLogTest, AFullDiskTakesAllOrNothingAndThereIsRoomAgain) {
  if (::mount("tmpfs", folder_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs: " << std::strerror(errno);
  }
  {
    auto log = open();
    put(log, "first", 0);
    const auto before = log.size();
    const auto failed = append(log, std::string(100'000, 'x'), at(1));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), Errc::exhausted) << failed.error().message();
    EXPECT_NE(failed.error().message().find(log.segments()[0].path), std::string::npos);
    EXPECT_EQ(log.size(), before);
    put(log, "second", 2);
    EXPECT_EQ(log.segments().size(), 1U);
    EXPECT_EQ(payloads(log), (Strings{"first", "second"}));
  }
  EXPECT_EQ(::umount(folder_.c_str()), 0);
}

TEST_F(SegmentLogTest, AFileThatMayNotGrowLeavesNoHalfHead) {
  struct rlimit old {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  auto log = open();
  const struct rlimit small { 10, old.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto failed = append(log, "a", at(0));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  ::signal(SIGXFSZ, handler);
  EXPECT_FALSE(failed);
  EXPECT_TRUE(log.segments().empty());
  EXPECT_TRUE(files().empty());
  put(log, "b", 1);
  EXPECT_EQ(payloads(log), Strings{"b"});
}

TEST_F(SegmentLogTest, AFolderThatCannotBeMadeIsNamed) {
  write_bytes(folder_ / "log", "a file in the way");
  const auto failed = SegmentLog::open(folder_ / "log", "", {});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find((folder_ / "log").string()), std::string::npos);
}

TEST_F(SegmentLogTest, WhatWasNotSyncedIsGivenOnceAlsoOfSegmentsThatAreFull) {
  SegmentLog::Options options;
  options.segment_max = Bytes(60);
  options.is_synced = true;
  auto log = open(options);
  EXPECT_TRUE(log.take_unsynced().value().empty());
  put(log, std::string(20, 'a'), 0);
  put(log, std::string(20, 'b'), 1);
  ASSERT_EQ(log.segments().size(), 2U);
  const auto files = log.take_unsynced();
  ASSERT_TRUE(files);
  ASSERT_EQ(files.value().size(), 2U);
  for (const auto& file : files.value()) EXPECT_EQ(::fdatasync(file.get()), 0);
  EXPECT_TRUE(log.take_unsynced().value().empty());
  put(log, "c", 2);
  EXPECT_EQ(log.take_unsynced().value().size(), 1U);
}

}  // namespace
}  // namespace proa::storage
