#include "catalog/package.h"

#include "os/file.h"
#include "unit/catalog/temp_folder.h"
#include "unit/catalog/zip_builder.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstring>

namespace proa::catalog {
namespace {

constexpr const char* kCouldNotUnzip =
    "Could not unzip uploaded file. Please check your file, then try to upload again.";

class PackageTest : public TempFolderTest {
 protected:
  void SetUp() override {
    TempFolderTest::SetUp();
    limits_.is_durable = false;
    tree_ = folder_ / "tree";
  }

  /// Unpacks into a new empty tree_.
  Result<std::uint64_t> unpack(const std::string& zip) {
    std::filesystem::remove_all(tree_);
    std::filesystem::create_directory(tree_);
    TRY(auto folder, os::open_file(tree_, O_RDONLY | O_DIRECTORY));
    return unpack_package(zip, folder.get(), limits_);
  }

  /// The refusal's message, which must be `invalid`.
  std::string refusal(const std::string& zip) {
    const auto result = unpack(zip);
    EXPECT_FALSE(result);
    if (result) return "";
    EXPECT_EQ(result.error().code(), Errc::invalid) << result.error().message();
    return result.error().message();
  }

  std::string refusal(const std::vector<ZipItem>& items) { return refusal(make_zip(items)); }

  unsigned mode(const std::string& path) const {
    struct stat status {};
    EXPECT_EQ(::lstat((tree_ / path).c_str(), &status), 0) << path;
    return status.st_mode & 07777U;
  }

  PackageLimits limits_;
  std::filesystem::path tree_;
};

TEST_F(PackageTest, UnpacksFilesFoldersAndModes) {
  const auto size =
      unpack(make_zip({file("handler.py", "code", 0644), node("lib/", S_IFDIR | 0750),
                       file("lib/tool", "#!/bin/sh\n", 0755), file("deep/down/file", "x", 0600)}));
  ASSERT_TRUE(size) << size.error().message();
  EXPECT_EQ(size.value(), 15U);
  EXPECT_EQ(read(tree_ / "handler.py"), "code");
  EXPECT_EQ(read(tree_ / "deep/down/file"), "x");
  EXPECT_EQ(mode("handler.py"), 0644U);
  EXPECT_EQ(mode("lib"), 0750U);
  EXPECT_EQ(mode("lib/tool"), 0755U);
  EXPECT_EQ(mode("deep"), 0755U);
  EXPECT_EQ(mode("deep/down/file"), 0600U) << "unreadable for the function, as on Lambda";
}

TEST_F(PackageTest, UnpacksDeflatedEntriesWhoseSizesFollowTheData) {
  std::string data;
  for (int i = 0; i < 50000; ++i) data += std::to_string(i);
  ASSERT_TRUE(unpack(make_deflated_zip("numbers", data)));
  EXPECT_EQ(read(tree_ / "numbers"), data);
}

TEST_F(PackageTest, DoesNotDependOnTheUmask) {
  const mode_t old = ::umask(077);
  const auto result = unpack(make_zip({file("a/b", "x", 0666)}));
  ::umask(old);
  ASSERT_TRUE(result);
  EXPECT_EQ(mode("a"), 0755U);
  EXPECT_EQ(mode("a/b"), 0666U);
}

TEST_F(PackageTest, GivesPlainModesToArchivesThatHaveNone) {
  ZipItem dos_file = file("a.txt", "x");
  dos_file.made_by = 0;
  ZipItem dos_folder = file("folder/", "");
  dos_folder.made_by = 0;
  ZipItem no_mode = file("b.txt", "x");
  no_mode.mode = 0;
  ASSERT_TRUE(unpack(make_zip({dos_file, dos_folder, no_mode})));
  EXPECT_EQ(mode("a.txt"), 0644U);
  EXPECT_EQ(mode("folder"), 0755U);
  EXPECT_EQ(mode("b.txt"), 0644U);
}

TEST_F(PackageTest, StripsSetuidSetgidAndStickyAndKeepsFoldersRemovable) {
  ASSERT_TRUE(unpack(make_zip(
      {file("su", "x", 06755), node("locked/", S_IFDIR | 01055), file("locked/in", "x", 0444)})));
  EXPECT_EQ(mode("su"), 0755U);
  EXPECT_EQ(mode("locked"), 0755U);
  EXPECT_EQ(mode("locked/in"), 0444U);
}

TEST_F(PackageTest, KeepsModificationTimesOfFilesAndFolders) {
  ASSERT_TRUE(unpack(make_zip({node("d/", S_IFDIR | 0755), file("d/a", "x")})));
  tm expected{};
  expected.tm_year = 124;
  expected.tm_mon = 1;
  expected.tm_mday = 3;
  expected.tm_hour = 4;
  expected.tm_min = 5;
  expected.tm_sec = 6;
  expected.tm_isdst = -1;
  for (const char* path : {"d", "d/a"}) {
    struct stat status {};
    ASSERT_EQ(::stat((tree_ / path).c_str(), &status), 0);
    EXPECT_EQ(status.st_mtime, ::mktime(&expected)) << path;
  }
}

TEST_F(PackageTest, KeepsNamesThatAreNotAscii) {
  ZipItem flagged = file(
      "gr\xc3\xbc\xc3\x9f"
      "e.txt",
      "x");
  flagged.flags = 0x800;
  ASSERT_TRUE(unpack(make_zip({flagged, file("caf\xc3\xa9", "x"), file("latin\xe9", "x")})));
  EXPECT_TRUE(std::filesystem::exists(tree_ / "gr\xc3\xbc\xc3\x9f"
                                              "e.txt"));
  EXPECT_TRUE(std::filesystem::exists(tree_ / "caf\xc3\xa9"));
  EXPECT_TRUE(std::filesystem::exists(tree_ / "latin\xe9"));
}

TEST_F(PackageTest, PlainifiesPathsAndTakesBackslashesOfDosArchives) {
  ZipItem dos = file("win\\dows\\a.txt", "x");
  dos.made_by = 0;
  ASSERT_TRUE(unpack(make_zip({file("./a//b", "1"), node("./", S_IFDIR | 0755), dos})));
  EXPECT_EQ(read(tree_ / "a/b"), "1");
  EXPECT_EQ(read(tree_ / "win/dows/a.txt"), "x");
}

TEST_F(PackageTest, AcceptsBytesInFrontAndThe64BitEndRecord) {
  ASSERT_TRUE(unpack("#!/usr/bin/env python3\n" + make_zip({file("a", "1"), file("b", "2")})));
  EXPECT_EQ(read(tree_ / "b"), "2");

  const ZipItem item = file("a", "64");
  const std::string body = local_header(item) + item.data;
  const std::string directory = central_header(item, 0);
  std::string zip = body + directory;
  put(zip, 0x06064b50, 4);
  put(zip, 44, 8);
  put(zip, 45, 2);
  put(zip, 45, 2);
  put(zip, 0, 8);
  put(zip, 1, 8);
  put(zip, 1, 8);
  put(zip, directory.size(), 8);
  put(zip, body.size(), 8);
  put(zip, 0x07064b50, 4);
  put(zip, 0, 4);
  put(zip, body.size() + directory.size(), 8);
  put(zip, 1, 4);
  zip += end_record(0xffff, 0xffffffff, 0xffffffff);
  const auto result = unpack(zip);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(read(tree_ / "a"), "64");
}

TEST_F(PackageTest, RefusesWhatIsNoZipWithLambdasText) {
  EXPECT_EQ(refusal(std::string()), kCouldNotUnzip);
  EXPECT_EQ(refusal(std::string("print('hello')\n")), kCouldNotUnzip);
  EXPECT_EQ(refusal(std::string(100000, 'P')), kCouldNotUnzip);
  EXPECT_EQ(refusal(std::vector<ZipItem>()), "Uploaded file must be a non-empty zip");
}

TEST_F(PackageTest, RefusesEveryTruncation) {
  const std::string zip =
      make_zip({file("a/b", "first"), symlink_item("l", "a/b"), file("c", "2")});
  ASSERT_TRUE(unpack(zip));
  for (std::size_t size = 0; size < zip.size(); ++size) {
    EXPECT_FALSE(unpack(zip.substr(0, size))) << size;
  }
  const std::string deflated = make_deflated_zip("x", std::string(1000, 'x'));
  ASSERT_TRUE(unpack(deflated));
  for (std::size_t size = 0; size < deflated.size(); ++size) {
    EXPECT_FALSE(unpack(deflated.substr(0, size))) << size;
  }
}

TEST_F(PackageTest, SurvivesEveryFlippedByteAndStaysInside) {
  const std::string zip = make_zip({file("ab/escape", "data")});
  for (std::size_t at = 0; at < zip.size(); ++at) {
    for (const char flip : {'\x01', '\x20', '\x7f'}) {
      std::string damaged = zip;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      static_cast<void>(unpack(damaged));
      std::size_t outside = 0;
      for (const auto& item : std::filesystem::directory_iterator(folder_)) {
        outside += item.path() == tree_ ? 0 : 1;
      }
      ASSERT_EQ(outside, 0U) << at;
    }
  }
}

TEST_F(PackageTest, RefusesABadChecksum) {
  ZipItem item = file("a", "data");
  item.crc = 0x12345678;
  const auto text = refusal({item});
  EXPECT_EQ(text.find(kCouldNotUnzip), 0U);
  EXPECT_NE(text.find("'a'"), std::string::npos) << text;
}

TEST_F(PackageTest, RefusesSizesThatLie) {
  ZipItem less = file("a", "data");
  less.unpacked_size = 2;
  refusal({less});
  ZipItem more = file("a", "data");
  more.unpacked_size = 200;
  refusal({more});
  const std::string zip = make_deflated_zip("a", std::string(100000, 'x'));
  refusal(with_declared_size(zip, 10));
  refusal(with_declared_size(zip, 100001));
}

TEST_F(PackageTest, StopsABombWhileItUnpacksWhateverItsHeadersSay) {
  limits_.unpacked_bytes_max = 1 << 20;
  const std::string bomb = make_deflated_zip("zeros", std::string(20 << 20, '\0'));
  ASSERT_LT(bomb.size(), 100000U);
  EXPECT_EQ(refusal(bomb), "Unzipped size must be smaller than 1048576 bytes");
  refusal(with_declared_size(bomb, 1000));
  ZipItem liar = file("zeros", deflated_data(bomb));
  liar.method = 8;
  for (const std::uint32_t size : {1000U, 1U << 20U}) {
    liar.unpacked_size = size;
    refusal({liar});
    EXPECT_LE(std::filesystem::file_size(tree_ / "zeros"), limits_.unpacked_bytes_max);
  }
}

TEST_F(PackageTest, CountsAllEntriesTogether) {
  limits_.unpacked_bytes_max = 10;
  EXPECT_TRUE(unpack(make_zip({file("a", "12345"), file("b", "12345")})));
  EXPECT_EQ(refusal({file("a", "12345"), file("b", "123456")}),
            "Unzipped size must be smaller than 10 bytes");
}

TEST_F(PackageTest, HasLambdasLimits) {
  EXPECT_EQ(PackageLimits().zip_bytes_max, 52428800U);
  EXPECT_EQ(PackageLimits().unpacked_bytes_max, 262144000U);
  limits_.zip_bytes_max = 100;
  const auto result = unpack(make_zip({file("a", std::string(100, 'x'))}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Errc::too_large);
  EXPECT_EQ(result.error().message(), "Zipped size must be smaller than 100 bytes");
}

TEST_F(PackageTest, RefusesTooManyNodesEvenIfOnlyImplied) {
  limits_.nodes_max = 4;
  EXPECT_TRUE(unpack(make_zip({file("a", ""), file("b", ""), file("c/d", "")})));
  refusal({file("a", ""), file("b", ""), file("c", ""), file("d", ""), file("e", "")});
  EXPECT_NE(refusal({file("1/2/3/4/5", "")}).find("more than 4"), std::string::npos);
}

TEST_F(PackageTest, RefusesPathsThatLeaveTheTree) {
  for (const char* name : {"/etc/passwd", "../x", "a/../../x", "a/..", "..", "//x"}) {
    const auto text = refusal({file(name, "x")});
    EXPECT_NE(text.find(name), std::string::npos) << text;
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "x"));
}

TEST_F(PackageTest, RefusesNamesThatNoFileCanHave) {
  EXPECT_NE(refusal({file(std::string("a\0b", 3), "x")}).find("NUL"), std::string::npos);
  EXPECT_NE(refusal({file(std::string(256, 'n'), "x")}).find("255"), std::string::npos);
  EXPECT_NE(refusal({file("", "x")}).find("no name"), std::string::npos);
  std::string path;
  for (int i = 0; i < 101; ++i) path += "d/";
  EXPECT_NE(refusal({file(path + "f", "x")}).find("100 folders deep"), std::string::npos);
  path.clear();
  for (int i = 0; i < 6; ++i) path += std::string(200, 'd') + "/";
  EXPECT_NE(refusal({file(path + "f", "x")}).find("longer than 1024"), std::string::npos);
}

TEST_F(PackageTest, RefusesTheSameNameTwice) {
  EXPECT_NE(refusal({file("a", "1"), file("a", "2")}).find("twice"), std::string::npos);
  EXPECT_NE(refusal({file("a", "1"), file("./a", "2")}).find("twice"), std::string::npos);
  EXPECT_NE(refusal({file("a", "1"), symlink_item("a", "b")}).find("twice"), std::string::npos);
  refusal({node("d/", S_IFDIR | 0755), node("d/", S_IFDIR | 0755)});
}

TEST_F(PackageTest, RefusesAFileThatIsAlsoAFolder) {
  refusal({file("a", "1"), file("a/b", "2")});
  refusal({file("a/b", "2"), file("a", "1")});
  refusal({node("d/", S_IFDIR | 0755), file("d", "1")});
}

TEST_F(PackageTest, KeepsLinksThatStayInsideOrLeadNowhere) {
  const auto result =
      unpack(make_zip({file("lib/libx.so.1.2", "elf"), symlink_item("lib/libx.so", "libx.so.1.2"),
                       symlink_item("up", "lib/../lib/libx.so"), symlink_item("bin/x", "../lib"),
                       symlink_item("nowhere", "gone/file"), symlink_item("round", "round")}));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result.value(), 3U) << "links do not count";
  EXPECT_EQ(std::filesystem::read_symlink(tree_ / "lib/libx.so"), "libx.so.1.2");
  EXPECT_EQ(read(tree_ / "up"), "elf");
  EXPECT_TRUE(std::filesystem::is_symlink(tree_ / "nowhere"));
}

TEST_F(PackageTest, RefusesLinksThatLeadOutside) {
  for (const char* target : {"/etc/passwd", "..", "../x", "a/../../x"}) {
    const auto text = refusal({file("a/f", "x"), symlink_item("link", target)});
    EXPECT_NE(text.find("'link'"), std::string::npos) << text;
  }
  refusal({symlink_item("link", "")});
}

TEST_F(PackageTest, RefusesALinkThatLeadsOutsideByWayOfAnother) {
  // Read as text, "p/q/r/s/../.." is inside; but p/q/r/s is the root.
  const auto text = refusal({file("p/q/r/f", "x"), symlink_item("p/q/r/s", "../../.."),
                             symlink_item("t", "p/q/r/s/../..")});
  EXPECT_NE(text.find("'t'"), std::string::npos) << text;
}

TEST_F(PackageTest, RefusesToWriteThroughALink) {
  std::filesystem::create_directory(folder_ / "outside");
  refusal({symlink_item("link", "../outside"), file("link/x", "x")});
  refusal({node("d/", S_IFDIR | 0755), symlink_item("link", "d"), file("link/x", "x")});
  refusal({file("link/x", "x"), symlink_item("link", "d")});
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "outside"));
}

TEST_F(PackageTest, RefusesDevicesPipesAndSockets) {
  for (const unsigned type : {S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK}) {
    EXPECT_NE(refusal({node("special", type | 0666U)}).find("'special'"), std::string::npos)
        << type;
  }
}

TEST_F(PackageTest, RefusesEncryptedEntriesAndForeignCompression) {
  ZipItem item = file("secret", "x");
  item.flags = 1;
  EXPECT_NE(refusal({item}).find("'secret' is encrypted"), std::string::npos);
  item.flags = 0;
  item.method = 14;
  EXPECT_NE(refusal({item}).find("method 14"), std::string::npos);
}

TEST_F(PackageTest, RefusesEntriesThatShareTheirData) {
  ZipItem second = file("b", "data");
  second.local_offset = 0;
  EXPECT_NE(refusal({file("a", "data"), second}).find("overlaps"), std::string::npos);
}

TEST_F(PackageTest, RefusesAnEntryWithTwoNames) {
  ZipItem item = file("harmless", "x");
  item.local_name = "different";
  ASSERT_TRUE(unpack(make_zip({file("same", "x")})));
  const auto result = unpack(make_zip({item}));
  // Whichever name libarchive believes, it is the directory's or the package is refused.
  if (result) {
    EXPECT_TRUE(std::filesystem::exists(tree_ / "harmless"));
  }
}

TEST_F(PackageTest, MakesManyFilesDurable) {
  limits_.is_durable = true;
  std::vector<ZipItem> items;
  for (int i = 0; i < 100; ++i) items.push_back(file("d/" + std::to_string(i), "x"));
  ASSERT_TRUE(unpack(make_zip(items)));
  EXPECT_EQ(read(tree_ / "d/99"), "x");
}

TEST_F(PackageTest, SaysWhenTheDiskIsFull) {
  std::filesystem::create_directory(tree_);
  if (::mount("tmpfs", tree_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs: " << std::strerror(errno);
  }
  {
    auto folder = os::open_file(tree_, O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(folder);
    const auto result = unpack_package(make_zip({file("a", std::string(200000, 'x'))}),
                                       folder.value().get(), limits_);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Errc::exhausted) << result.error().message();
  }
  EXPECT_EQ(::umount(tree_.c_str()), 0);
}

}  // namespace
}  // namespace proa::catalog
