#include "packaging/folder.h"

#include "unit/packaging/package_folder.h"

#include <sys/stat.h>
#include <sys/un.h>

namespace proa::packaging {
namespace {

using Names = std::vector<std::string>;

class FolderTest : public PackageFolderTest {};

TEST_F(FolderTest, BringsFilesLinksAndEmptyFolders) {
  write("app.py", "code");
  write("lib/tool.sh", "#!", 0755);
  link("lib/app", "../app.py");
  std::filesystem::create_directories(folder_ / "empty");
  const auto contents = read_all();
  ASSERT_EQ(contents.entries.size(), 4U);
  EXPECT_EQ(contents.entries[0].path, "app.py");
  EXPECT_FALSE(contents.entries[0].is_executable);
  EXPECT_EQ(contents.entries[1].path, "empty");
  EXPECT_EQ(contents.entries[1].kind, Entry::Kind::empty_folder);
  EXPECT_EQ(contents.entries[2].target, "../app.py");
  EXPECT_TRUE(contents.entries[3].is_executable);
  EXPECT_EQ(contents.bytes, 6U);
  EXPECT_EQ(contents.sources.at("app.py"), "code");
}

TEST_F(FolderTest, LeavesBehindWhatIsIgnoredAndSaysSo) {
  write("app.py", "code");
  write(".git/config", "x");
  write("__pycache__/app.pyc", "x");
  write("notes.txt", "x");
  write("keep.txt", "x");
  write(".proaignore", "*.txt\n!keep.txt\n");
  EXPECT_EQ(paths(), (Names{"app.py", "keep.txt"}));
  const auto contents = read_all();
  EXPECT_EQ(contents.ignored, (Names{".git", ".proaignore", "__pycache__", "notes.txt"}));
  EXPECT_EQ(contents.ignored_count, 4U);
}

TEST_F(FolderTest, RefusesLinksThatLeadOutsideByName) {
  write("app.py", "code");
  write("a/b/c.txt", "x");
  link("a/fine", "b/../../app.py");
  EXPECT_EQ(refusal(), "");
  link("a/out", "../../etc/passwd");
  EXPECT_EQ(refusal(),
            "FOLDER/a/out is a symbolic link to ../../etc/passwd, which is not in the package");
  std::filesystem::remove(folder_ / "a/out");
  link("abs", "/etc/passwd");
  EXPECT_EQ(refusal(), "FOLDER/abs is a symbolic link to /etc/passwd, which is not in the package");
}

TEST_F(FolderTest, RefusesWhatIsNeitherFileNorFolderByName) {
  write("app.py", "code");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal(),
            "FOLDER/pipe is a pipe; a package has only files, folders and symbolic links "
            "(.proaignore leaves out what it names)");
  write(".proaignore", "pipe\n");
  EXPECT_EQ(refusal(), "");
  write("bad\xFFname", "x");
  EXPECT_EQ(refusal(), "FOLDER/bad\xFFname has a name that is not UTF-8");
}

TEST_F(FolderTest, NamesMustBeUtf8) {
  for (const char* name : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x8C\x8D"}) {
    write(name, "x");
    EXPECT_EQ(refusal(), "") << name;
  }
  for (const char* name : {"\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80"}) {
    write(name, "x");
    EXPECT_NE(refusal(), "");
    std::filesystem::remove(folder_ / name);
  }
}

TEST_F(FolderTest, AnUnreadableFileIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  write("secret", "x", 0);
  EXPECT_EQ(refusal(), "cannot read FOLDER/secret: Permission denied");
}

TEST_F(FolderTest, TooLargeNamesTheLargestFolders) {
  limits_.unpacked_bytes_max = 1024 * 1024;
  write("node_modules/big/a", std::string(1'000'000, 'x'));
  write("node_modules/big/b", std::string(100'000, 'x'));
  write("node_modules/small/a", "x");
  write("app.js", std::string(200'000, 'x'));
  EXPECT_EQ(refusal(),
            "FOLDER has 1.2 MB unpacked; a function and its layers may have 1.0 MB. The largest:\n"
            "  1.0 MB  node_modules/big/\n  0.2 MB  app.js\n  0.0 MB  node_modules/small/");
}

TEST_F(FolderTest, BoundsTheNumberOfFiles) {
  limits_.entries_max = 2;
  for (const char* name : {"a", "b", "c"}) write(name, "x");
  EXPECT_EQ(refusal(), "FOLDER has more than 2 files");
}

TEST_F(FolderTest, AnEmptyFolderIsNoPackage) {
  write(".git/config", "x");
  EXPECT_EQ(refusal(), "FOLDER has nothing to deploy");
}

}  // namespace
}  // namespace proa::packaging
