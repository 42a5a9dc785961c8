#include "kernels/module_file.h"

#include "unit/kernels/fake_host.h"

#include <archive.h>
#include <archive_entry.h>

namespace proa::kernels {
namespace {

class ModuleFileTest : public FakeHostTest {
 protected:
  /// `bytes` packed by one of libarchive's filters, as the file m.ko.
  void pack(int (*filter)(archive*), const std::string& bytes) const {
    archive* const writer = archive_write_new();
    archive_write_set_format_raw(writer);
    filter(writer);
    ASSERT_EQ(archive_write_open_filename(writer, (top_ / "m.ko").c_str()), ARCHIVE_OK);
    archive_entry* const entry = archive_entry_new();
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_pathname(entry, "m");
    archive_write_header(writer, entry);
    archive_write_data(writer, bytes.data(), bytes.size());
    archive_entry_free(entry);
    archive_write_free(writer);
  }
  std::string failure() const {
    const auto bytes = read_module(top_ / "m.ko");
    if (bytes) return "none";
    return std::string(to_string(bytes.error().code())) + " " + bytes.error().message();
  }
};

TEST_F(ModuleFileTest, IsReadPlainAndPacked) {
  const std::string module = kElf + std::string(700'000, 'm') + "end";
  write("m.ko", module);
  EXPECT_EQ(read_module(top_ / "m.ko").value(), module);
  for (auto* filter : {archive_write_add_filter_xz, archive_write_add_filter_zstd,
                       archive_write_add_filter_gzip}) {
    pack(filter, module);
    EXPECT_LT(std::filesystem::file_size(top_ / "m.ko"), 10'000U);
    EXPECT_EQ(read_module(top_ / "m.ko").value(), module);
  }
}

TEST_F(ModuleFileTest, ThatIsNoneIsRefusedByName) {
  EXPECT_EQ(failure().substr(0, 9), "not_found");
  write("m.ko", "text");
  EXPECT_EQ(failure(), "corrupt m.ko is no ELF file, or packed in a way that Proa does not know");
  write("m.ko", "");
  EXPECT_EQ(failure().substr(0, 7), "corrupt");
  pack(archive_write_add_filter_gzip, kElf + std::string(300'000, 'x'));
  const std::string packed = read(top_ / "m.ko");
  write("m.ko", packed.substr(0, packed.size() / 2));
  EXPECT_EQ(failure().substr(0, 25), "corrupt cannot read m.ko:");
  std::filesystem::remove(top_ / "m.ko");
  std::filesystem::create_symlink("/bin/true", top_ / "m.ko");
  EXPECT_EQ(failure().substr(0, 2), "os") << "no links out of the package";
}

TEST_F(ModuleFileTest, ThatUnpacksToTooMuchIsRefused) {
  pack(archive_write_add_filter_zstd, kElf + std::string(kModuleMax, 'x'));
  EXPECT_EQ(failure(), "too_large m.ko has more than 64 MiB");
}

}  // namespace
}  // namespace proa::kernels
