#include "unit/packaging/package_folder.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

namespace proa::packaging {
namespace {

class TarWriterTest : public PackageFolderTest {
 protected:
  /// "PATH TEXT" of each entry.
  static std::vector<std::string> entries_of(const Package& package) {
    archive* const reader = archive_read_new();
    archive_read_support_format_tar(reader);
    archive_read_open_memory(reader, package.bytes().data(), package.bytes().size());
    std::vector<std::string> found;
    archive_entry* entry = nullptr;
    while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
      std::string text(64, '\0');
      text.resize(static_cast<std::size_t>(archive_read_data(reader, text.data(), text.size())));
      found.push_back(std::string(archive_entry_pathname(entry)) + " " + text);
    }
    archive_read_free(reader);
    return found;
  }
};

TEST_F(TarWriterTest, PacksAFolderAlwaysTheSame) {
  write("index.json", "{}");
  write("blobs/sha256/b", "two");
  write("blobs/sha256/a", "one");
  const auto package = pack_image(folder_);
  ASSERT_TRUE(package) << package.error().message();
  EXPECT_THAT(entries_of(package.value()),
              testing::ElementsAre("blobs/ ", "blobs/sha256/ ", "blobs/sha256/a one",
                                   "blobs/sha256/b two", "index.json {}"));
  EXPECT_EQ(pack_image(folder_).value().digest, package.value().digest);
}

TEST_F(TarWriterTest, PacksARootWithItsLinksAndWithoutWhatIsMountedOver) {
  write("usr/bin/run", "a program");
  write("proc/1/status", "of another process");
  std::filesystem::create_symlink("usr/bin", folder_ / "bin");
  const auto package = pack_root(folder_);
  ASSERT_TRUE(package) << package.error().message();
  EXPECT_THAT(
      entries_of(package.value()),
      testing::ElementsAre("bin ", "proc/ ", "usr/ ", "usr/bin/ ", "usr/bin/run a program"));
  EXPECT_EQ(pack_root(folder_).value().digest, package.value().digest);
}

TEST_F(TarWriterTest, TakesAnArchiveAsItIs) {
  write("image.tar", "any bytes");
  EXPECT_EQ(pack_image(folder_ / "image.tar").value().bytes(), "any bytes");
}

TEST_F(TarWriterTest, RefusesWhatIsNoFileAndNoFolder) {
  EXPECT_EQ(pack_image(folder_ / "none").error().code(), Errc::invalid);
  EXPECT_EQ(pack_image("/dev/null").error().code(), Errc::invalid);
  write("file", "x");
  std::filesystem::create_symlink("file", folder_ / "link");
  EXPECT_EQ(pack_image(folder_).error().code(), Errc::invalid);
}

}  // namespace
}  // namespace proa::packaging
