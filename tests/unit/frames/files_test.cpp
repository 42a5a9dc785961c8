#include "frames/init/files.h"

#include "unit/frames/apart.h"
#include "unit/frames/scratch_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <array>
#include <cerrno>
#include <string>

namespace proa::frames::init {
namespace {

TEST(Path, IsPutTogetherOrEmpty) {
  EXPECT_STREQ(Path({"/dev/", "vda"}).c_str(), "/dev/vda");
  EXPECT_TRUE(Path().is_empty());
  EXPECT_FALSE(Path({std::string(511, 'x')}).is_empty());
  EXPECT_TRUE(Path({std::string(511, 'x'), "y"}).is_empty()) << "no room for the NUL";
}

TEST(Files, AreReadAsFarAsThereIsRoomAndWrittenOnlyWhereTheyAre) {
  const ScratchFolder folder;
  folder.write("name", "proa\n");
  std::array<char, 16> room{};
  ASSERT_EQ(read_whole(folder.at("name").c_str(), room), 5);
  EXPECT_EQ(without_newline({room.data(), 5}), "proa");
  EXPECT_EQ(without_newline("proa"), "proa");
  EXPECT_EQ(read_whole(folder.at("name").c_str(), std::span(room).first(2)), 2);
  EXPECT_TRUE(write_whole(folder.at("name").c_str(), "text"));
  errno = 0;
  EXPECT_EQ(read_whole(folder.at("missing").c_str(), room), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_FALSE(write_whole(folder.at("missing").c_str(), "text"));
  EXPECT_FALSE(std::filesystem::exists(folder.at("missing")));
}

TEST(Files, AreReadBelowAFolder) {
  const ScratchFolder folder;
  folder.write("17/status", "here");
  const int opened = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::array<char, 16> room{};
  EXPECT_EQ(read_whole(opened, "17/status", room), 4);
  ::close(opened);
}

TEST(ClearFolder, KeepsTheNamesItIsToldAtTheTopAndFollowsNoLink) {
  const ScratchFolder folder;
  const ScratchFolder other;
  other.write("file", "stays");
  folder.write("null", "");
  folder.write("input/null", "");
  folder.write("a/b/c/file", "");
  std::filesystem::create_directory_symlink(other.path(), folder.path() / "link");
  const std::array<std::string_view, 1> kept{"null"};
  EXPECT_TRUE(clear_folder(folder.path().c_str(), kept));
  std::string left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    left += entry.path().filename().string() + " ";
  }
  EXPECT_EQ(left, "null ");
  EXPECT_TRUE(std::filesystem::exists(other.at("file")));
  EXPECT_FALSE(clear_folder(folder.at("missing").c_str(), {}));
}

TEST(ClearFolder, LeavesOtherFileSystemsAlone) {
  const ScratchFolder folder;
  folder.write("mounted/below", "");
  folder.write("file", "");
  const int result = apart(CLONE_NEWNS, [&folder] {
    const std::string place = folder.at("mounted");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (::mount("proa", place.c_str(), "tmpfs", 0, "size=64k") != 0) return 77;
    folder.write("mounted/other", "");
    if (!clear_folder(folder.path().c_str(), {})) return 1;
    if (std::filesystem::exists(folder.at("file"))) return 2;
    return std::filesystem::exists(folder.at("mounted/other")) ? 0 : 3;
  });
  if (result == 77 || result == -1) GTEST_SKIP() << "mounts are not permitted here";
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace proa::frames::init
