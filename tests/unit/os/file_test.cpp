#include "os/file.h"

#include "unit/catalog/temp_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace proa::os {
namespace {

class FileTest : public catalog::TempFolderTest {
 protected:
  void SetUp() override {
    TempFolderTest::SetUp();
    root_ = std::move(open_file(folder_, O_RDONLY | O_DIRECTORY).value());
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  UniqueFd root_;
};

TEST_F(FileTest, AWholeFileIsReadHoweverLong) {
  const std::string text(200'000, 'x');
  write("long", text);
  EXPECT_EQ(read_file(folder_ / "long").value(), text);
  write("empty", "");
  EXPECT_EQ(read_file(folder_ / "empty").value(), "");
}

TEST_F(FileTest, AMissingFileIsNotFoundAndNamed) {
  const auto missing = read_file(folder_ / "nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Errc::not_found);
  EXPECT_NE(missing.error().message().find("nothing"), std::string::npos);
}

TEST_F(FileTest, ADescriptorIsReadFromTheBeginningEachTime) {
  write("again", "text");
  const auto file = open_at(root_.get(), "again", O_RDONLY);
  ASSERT_TRUE(file);
  EXPECT_EQ(read_all(file.value().get()).value(), "text");
  EXPECT_EQ(read_all(file.value().get()).value(), "text");
}

TEST_F(FileTest, ANameFromOutsideNeverLeavesTheFolderNorFollowsLinks) {
  write("inside", "x");
  std::filesystem::create_symlink("inside", folder_ / "link");
  std::filesystem::create_symlink("/etc", folder_ / "away");
  EXPECT_TRUE(open_beneath(root_.get(), "inside", O_RDONLY));
  for (const char* name : {"link", "away/passwd", "../", "/etc/passwd", "a/../../b"}) {
    EXPECT_FALSE(open_beneath(root_.get(), name, O_RDONLY)) << name;
  }
}

TEST_F(FileTest, AKernelFileIsWrittenInPlace) {
  write("knob", "100");
  ASSERT_TRUE(write_kernel_file(folder_ / "knob", "250"));
  EXPECT_EQ(read_file(folder_ / "knob").value(), "250");
  EXPECT_EQ(write_kernel_file(folder_ / "no-knob", "1").error().code(), Errc::not_found);
}

TEST_F(FileTest, AReplacedFileIsANewOneWithItsModeAndNothingIsLeftBeside) {
  write("file", "old and longer");
  const auto old = open_at(root_.get(), "file", O_RDONLY);
  ASSERT_TRUE(replace_file(folder_ / "file", "new", 0600));
  EXPECT_EQ(read_file(folder_ / "file").value(), "new");
  EXPECT_EQ(read_all(old.value().get()).value(), "old and longer");
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  std::size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    (void)entry;
    ++entries;
  }
  EXPECT_EQ(entries, 1U);
}

}  // namespace
}  // namespace proa::os
