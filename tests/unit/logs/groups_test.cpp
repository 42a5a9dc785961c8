#include "logs/groups.h"

#include "unit/logs/logs_fixture.h"

#include <gtest/gtest.h>

#include <set>

namespace proa::logs {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::milliseconds;

class GroupsTest : public LogsFixture {
 protected:
  Groups groups() {
    Groups out(options_, log_);
    const auto opened = out.open();
    EXPECT_TRUE(opened) << opened.error().message();
    return out;
  }
  static GroupKey key(const std::string& name) { return {"123456789012", "eu-central-1", name}; }
  /// One entry of `size` bytes in the group.
  void put(Groups& groups, const std::string& name, std::size_t size = 10) {
    const auto found = groups.find_or_make(key(name), clock_.wall_now());
    ASSERT_TRUE(found) << found.error().message();
    Group& group = *found.value();
    const Bytes before = group.log.size();
    std::string frames;
    storage::frame_record(frames, clock_.wall_now(), std::string(size, 'x'));
    const auto done = group.log.append(frames, clock_.wall_now(), clock_.wall_now());
    ASSERT_TRUE(done) << done.error().message();
    groups.note_written(group, before);
  }
  static std::uint64_t stored_in(const Groups& groups) {
    std::uint64_t out = 0;
    for (const auto& [key, group] : groups.all()) out += group.log.size().count();
    return out;
  }
  fs::path region() const { return folder_ / "logs" / "123456789012" / "eu-central-1"; }

  KeptLines lines_;
  telemetry::LogOutput output_{lines_, clock_};
  telemetry::Logger log_{output_, "logs"};
  Groups::Options options_{folder_ / "logs", hours(24), Bytes::mib(1), Bytes::mib(8)};
  void SetUp() override {
    LogsFixture::SetUp();
    options_.folder = folder_ / "logs";
  }
};

const std::string kLong = "/" + std::string(511, 'L');
const std::string kLongToo = "/" + std::string(510, 'L') + "M";

TEST_F(GroupsTest, EveryNameHasAFolderOfItsOwn) {
  std::set<std::string> folders;
  const Strings names = {
      ".", "..",  "/",       "#",   "//",     "/aws/lambda/f",       "aws#lambda#f",
      "g", "_-.", "../../x", kLong, kLongToo, std::string(200, 'a'), std::string(201, 'a')};
  for (const std::string& name : names) {
    const std::string folder = folder_name(name);
    EXPECT_TRUE(folders.insert(folder).second) << name;
    EXPECT_LE(folder.size(), 255U);
    EXPECT_EQ(folder.find('/'), folder.npos);
    EXPECT_EQ(folder.front(), 'g');
    if (name.size() <= 200) {
      EXPECT_EQ(group_of_folder(folder), name);
    } else {
      EXPECT_EQ(group_of_folder(folder), std::nullopt);
    }
  }
  EXPECT_EQ(group_of_folder("g"), std::nullopt);
  EXPECT_EQ(group_of_folder("lost+found"), std::nullopt);
}

TEST_F(GroupsTest, AllAreFoundAgainByTheirNames) {
  const Strings names = {".", "..", "/", "#", "/aws/lambda/f", kLong, kLongToo};
  std::uint64_t stored = 0;
  {
    Groups first = groups();
    for (const std::string& name : names) put(first, name);
    stored = first.stored().count();
  }
  Groups again = groups();
  EXPECT_EQ(again.all().size(), names.size());
  EXPECT_EQ(again.stored().count(), stored);
  for (const std::string& name : names) {
    Group* group = again.find(key(name));
    ASSERT_NE(group, nullptr) << name;
    EXPECT_EQ(group->log.segments().size(), 1U);
    const storage::SegmentView view = group->log.segments()[0];
    EXPECT_EQ(group->end, (LogPosition{view.number, view.size.count(), 0}));
    put(again, name);
    EXPECT_GT(group->log.segments().back().number, view.number);
  }
  EXPECT_EQ(again.find(key("other")), nullptr);
  EXPECT_EQ(lines_.count(""), 0U);
}

TEST_F(GroupsTest, FoldersThatAreNoneAreToldAndLeftAlone) {
  {
    Groups first = groups();
    put(first, "/a");
    put(first, kLong);
  }
  fs::create_directories(region() / "lost+found");
  fs::create_directories(region() / "foreign");
  write_bytes(region() / "foreign" / "1-1.seg", "nobody's");
  write_bytes(region() / "a file", "");
  fs::create_symlink("/nowhere", region() / "broken");
  write_bytes(folder_ / "logs" / "a file", "");
  fs::copy(region() / folder_name(kLong), region() / (folder_name(kLong) + ".bak"));
  Groups again = groups();
  EXPECT_EQ(again.all().size(), 2U);
  EXPECT_EQ(again.stored().count(), stored_in(again));
  EXPECT_EQ(lines_.count("log_group_left_out"), 2U);
  EXPECT_EQ(lines_.count("foreign"), 1U);
  EXPECT_TRUE(fs::exists(region() / "foreign" / "1-1.seg"));
}

TEST_F(GroupsTest, AnEmptyFolderOfALongNameIsNoError) {
  {
    Groups first = groups();
    put(first, kLong);
    clock_.advance(hours(25));
    first.trim(clock_.wall_now());
    EXPECT_EQ(first.stored(), Bytes());
  }
  Groups again = groups();
  EXPECT_EQ(again.all().size(), 0U);
  EXPECT_EQ(lines_.count(""), 0U);
  put(again, kLong);
}

TEST_F(GroupsTest, TheLargestIsTrimmedFirstAndASmallOneKeepsItsLines) {
  options_.segment_max = Bytes::kib(64);
  Groups all = groups();
  put(all, "small", 1000);
  for (int i = 0; i < 40; ++i) {
    put(all, "large", 60'000);
    clock_.advance(milliseconds(1));
    if (all.is_over()) all.trim(clock_.wall_now());
    EXPECT_LE(all.stored(), options_.stored_max);
    EXPECT_EQ(all.stored().count(), stored_in(all)) << "heads of segments are counted as well";
  }
  EXPECT_EQ(all.find(key("small"))->log.segments().size(), 1U);
  EXPECT_GE(all.find(key("large"))->log.segments().size(), 15U);
  EXPECT_FALSE(all.is_over());
}

TEST_F(GroupsTest, OneGroupAloneLosesItsOldestLines) {
  options_.stored_max = Bytes(1000);
  Groups all = groups();
  put(all, "a", 5000);
  ASSERT_TRUE(all.is_over());
  all.trim(clock_.wall_now());
  EXPECT_TRUE(all.find(key("a"))->log.segments().empty());
  EXPECT_EQ(all.stored(), Bytes());
  put(all, "a", 500);
  EXPECT_FALSE(all.is_over());
}

TEST_F(GroupsTest, WhatIsTooOldGoesWhateverItsGroup) {
  Groups all = groups();
  put(all, "a");
  clock_.advance(hours(13));
  put(all, "b");
  clock_.advance(hours(12));
  all.trim(clock_.wall_now());
  EXPECT_TRUE(all.find(key("a"))->log.segments().empty());
  EXPECT_EQ(all.find(key("b"))->log.segments().size(), 1U);
  EXPECT_EQ(all.stored().count(), stored_in(all));
}

TEST_F(GroupsTest, AnEmptySegmentIsNoEndOfTrimming) {
  {
    Groups first = groups();
    for (int i = 0; i < 4; ++i) {
      put(first, "a", 1000);
      first.find(key("a"))->log.close_file();
    }
  }
  write_bytes(region() / "ga" / "5-5.seg", "");  // killed before its head was written
  options_.stored_max = Bytes(100);
  Groups again = groups();
  again.trim(clock_.wall_now());
  EXPECT_EQ(again.stored(), Bytes());
}

TEST_F(GroupsTest, WhatCannotBeRemovedIsToldOnceAMinute) {
  Groups all = groups();
  put(all, "a", 1000);
  const fs::path file = all.find(key("a"))->log.segments()[0].path;
  fs::remove(file);
  fs::create_directory(file);  // unlink(2) fails
  options_.stored_max = Bytes(100);
  for (int i = 0; i < 100; ++i) all.trim(clock_.wall_now() + hours(48));
  EXPECT_EQ(lines_.count("log_not_trimmed"), 1U);
  EXPECT_EQ(lines_.count(file.string()), 1U);
  all.trim(clock_.wall_now() + hours(49));
  EXPECT_EQ(lines_.count("log_not_trimmed"), 2U);
}

TEST_F(GroupsTest, NoMoreThanSixtyFourFilesAreOpen) {
  Groups all = groups();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) put(all, "g" + std::to_string(i));
  }
  std::size_t open = 0;
  for (const auto& [key, group] : all.all()) {
    open += group.log.is_file_open() ? 1U : 0U;
    EXPECT_EQ(group.log.segments().size(), 1U) << "opened again, not begun again";
  }
  EXPECT_EQ(open, 64U);
  EXPECT_EQ(segments_in(folder_).size(), 100U);
}

}  // namespace
}  // namespace proa::logs
