#include "os/mapped_file.h"

#include "unit/catalog/temp_folder.h"

namespace proa::os {
namespace {

class MappedFileTest : public catalog::TempFolderTest {
 protected:
  std::filesystem::path write(const std::string& text) {
    std::ofstream(folder_ / "file") << text;
    return folder_ / "file";
  }
};

TEST_F(MappedFileTest, ShowsTheWholeFile) {
  const std::string text(100'000, 'x');
  const auto file = MappedFile::open(write(text));
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file.value().bytes(), text);
}

TEST_F(MappedFileTest, KeepsItWhenItIsMovedOrTheFileIsRemoved) {
  const auto path = write("bytes");
  auto file = std::move(MappedFile::open(path)).value();
  std::filesystem::remove(path);
  MappedFile moved(std::move(file));
  EXPECT_EQ(moved.bytes(), "bytes");
  file = std::move(moved);
  EXPECT_EQ(file.bytes(), "bytes");
  EXPECT_EQ(moved.bytes(), "");  // NOLINT(bugprone-use-after-move): that it is empty is the point
}

TEST_F(MappedFileTest, AnEmptyFileHasNoBytes) {
  EXPECT_EQ(MappedFile::open(write("")).value().bytes(), "");
}

TEST_F(MappedFileTest, MissesWhatIsNotThereAndFollowsNoLink) {
  EXPECT_EQ(MappedFile::open(folder_ / "none").error().code(), Errc::not_found);
  write("bytes");
  std::filesystem::create_symlink("file", folder_ / "link");
  EXPECT_EQ(MappedFile::open(folder_ / "link").error().os_errno(), ELOOP);
}

}  // namespace
}  // namespace proa::os
