#include "kernels/initramfs.h"

#include "unit/kernels/fake_host.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <map>

namespace proa::kernels {
namespace {

class InitramfsTest : public FakeHostTest {
 protected:
  Result<void> make(const std::string& name, const std::vector<ModuleBytes>& modules) const {
    return write_initramfs(top_ / name, kElf, modules);
  }

  /// Each entry as "TYPE MODE UID:GID MTIME", and the bytes of files in `bytes_`.
  std::map<std::string, std::string> entries(const std::string& name) {
    std::map<std::string, std::string> found;
    archive* const reader = archive_read_new();
    archive_read_support_filter_gzip(reader);
    archive_read_support_format_cpio(reader);
    EXPECT_EQ(archive_read_open_filename(reader, (top_ / name).c_str(), 10240), ARCHIVE_OK);
    archive_entry* entry = nullptr;
    while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
      const std::string path = archive_entry_pathname(entry);
      order_ += path + " ";
      char text[64];
      std::snprintf(text, sizeof text, "%o %ld:%ld %ld", archive_entry_mode(entry),
                    static_cast<long>(archive_entry_uid(entry)),
                    static_cast<long>(archive_entry_gid(entry)),
                    static_cast<long>(archive_entry_mtime(entry)));
      found[path] = text;
      std::string bytes(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
      archive_read_data(reader, bytes.data(), bytes.size());
      bytes_[path] = bytes;
      if (S_ISCHR(archive_entry_mode(entry))) {
        found[path] += " " + std::to_string(archive_entry_rdevmajor(entry)) + "," +
                       std::to_string(archive_entry_rdevminor(entry));
      }
    }
    EXPECT_EQ(archive_format(reader), ARCHIVE_FORMAT_CPIO_SVR4_NOCRC);
    archive_read_free(reader);
    return found;
  }

  std::string order_;
  std::map<std::string, std::string> bytes_;
};

TEST_F(InitramfsTest, HasWhatInitNeeds) {
  ASSERT_TRUE(make("initrd", {{"virtio", kElf + "1"}, {"virtio_blk", kElf + "2"}}));
  const std::map<std::string, std::string> expected = {{"dev", "40755 0:0 0"},
                                                       {"dev/console", "20600 0:0 0 5,1"},
                                                       {"init", "100755 0:0 0"},
                                                       {"modules", "40755 0:0 0"},
                                                       {"modules/01-virtio.ko", "100644 0:0 0"},
                                                       {"modules/02-virtio_blk.ko", "100644 0:0 0"},
                                                       {"modules/list", "100644 0:0 0"},
                                                       {"newroot", "40755 0:0 0"},
                                                       {"proc", "40755 0:0 0"},
                                                       {"sys", "40755 0:0 0"}};
  EXPECT_EQ(entries("initrd"), expected);
  EXPECT_EQ(bytes_["init"], kElf);
  EXPECT_EQ(bytes_["modules/02-virtio_blk.ko"], kElf + "2");
  EXPECT_EQ(bytes_["modules/list"], "/modules/01-virtio.ko\n/modules/02-virtio_blk.ko\n");
}

TEST_F(InitramfsTest, IsTheSameForTheSameInput) {
  const std::vector<ModuleBytes> modules = {{"b", std::string(100'000, 'b')}, {"a", "a"}};
  ASSERT_TRUE(make("one", modules));
  const std::string one = read(top_ / "one");
  EXPECT_EQ(one.substr(4, 4), std::string(4, '\0')) << "no time in the header of gzip";
  ASSERT_TRUE(make("two", modules));
  EXPECT_EQ(read(top_ / "two"), one);
  EXPECT_LT(one.size(), 5'000U);
}

TEST_F(InitramfsTest, FoldersComeBeforeWhatIsInThem) {
  ASSERT_TRUE(make("initrd", std::vector<ModuleBytes>(120, {"m", "x"})));
  entries("initrd");
  EXPECT_EQ(order_.substr(0, 52), "dev dev/console init modules modules/001-m.ko module");
  EXPECT_NE(order_.find("modules/120-m.ko"), std::string::npos);
}

TEST_F(InitramfsTest, ItsModulesAreReadInTheirOrder) {
  const std::vector<ModuleBytes> modules = {{"virtio", kElf + "1"}, {"a-b", kElf + "2"}};
  ASSERT_TRUE(make("initrd", modules));
  const auto found = read_modules(top_ / "initrd");
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_EQ(found.value().size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(found.value()[i].name, modules[i].name);
    EXPECT_EQ(found.value()[i].bytes, modules[i].bytes);
  }
  ASSERT_TRUE(make("none", {}));
  EXPECT_TRUE(read_modules(top_ / "none").value().empty());
}

TEST_F(InitramfsTest, WhatIsNoneOrCutIsRefused) {
  ASSERT_TRUE(make("initrd", {{"m", std::string(10'000, 'x')}}));
  const std::string whole = read(top_ / "initrd");
  write("cut", whole.substr(0, whole.size() / 2));
  write("text", "some text");
  for (const char* name : {"cut", "text"}) {
    const auto found = read_modules(top_ / name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code(), Errc::corrupt);
  }
  EXPECT_EQ(read_modules(top_ / "missing").error().code(), Errc::not_found);
}

TEST_F(InitramfsTest, OverwritesNothingAndFollowsNoLink) {
  ASSERT_TRUE(make("initrd", {}));
  EXPECT_FALSE(make("initrd", {}));
  std::filesystem::create_symlink("/dev/full", top_ / "full");
  EXPECT_FALSE(make("full", {}));
}

}  // namespace
}  // namespace proa::kernels
