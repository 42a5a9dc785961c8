#include "os/utf8_locale.h"
#include "packaging/zip_file.h"
#include "unit/packaging/package_folder.h"

#include <archive.h>
#include <archive_entry.h>

namespace proa::packaging {
namespace {

class ZipWriterTest : public PackageFolderTest {
 protected:
  /// "PATH MODE TEXT" of each entry.
  std::vector<std::string> packed() {
    const os::Utf8Locale locale;
    const auto package = pack(read_all(), limits_, {});
    EXPECT_TRUE(package) << package.error().message();
    archive* const reader = archive_read_new();
    archive_read_support_format_zip_seekable(reader);
    archive_read_open_memory(reader, package.value().bytes().data(),
                             package.value().bytes().size());
    std::vector<std::string> found;
    archive_entry* entry = nullptr;
    while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
      std::string text(64, '\0');
      text.resize(static_cast<std::size_t>(archive_read_data(reader, text.data(), text.size())));
      const char* const target = archive_entry_symlink(entry);
      std::string line = archive_entry_pathname(entry);
      line += " " + std::to_string(archive_entry_perm(entry)) + " ";
      found.push_back(line + (target != nullptr ? "-> " + std::string(target) : text));
    }
    archive_read_free(reader);
    return found;
  }
};

TEST_F(ZipWriterTest, KeepsNamesTextsLinksAndWhatIsExecutable) {
  write("a/caf\xC3\xA9.txt", "text", 0600);
  write("run", "#!", 0700);
  link("to", "run");
  std::filesystem::create_directories(folder_ / "empty");
  const auto found = packed();
  EXPECT_EQ(found, (std::vector<std::string>{"a/caf\xC3\xA9.txt 420 text", "empty/ 493 ",
                                             "run 493 #!", "to 511 -> run"}));
}

TEST_F(ZipWriterTest, AnEmptyFileIsAFile) {
  write("__init__.py", "");
  EXPECT_EQ(packed(), std::vector<std::string>{"__init__.py 420 "});
}

}  // namespace
}  // namespace proa::packaging
