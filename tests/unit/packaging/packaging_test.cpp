#include "packaging/packaging.h"

#include "unit/packaging/package_folder.h"

namespace proa::packaging {
namespace {

class PackagingTest : public PackageFolderTest {
 protected:
  std::string packed() {
    const auto package = pack(read_all(), limits_, {});
    EXPECT_TRUE(package) << package.error().message();
    return package ? std::string(package.value().bytes()) : "";
  }
};

TEST_F(PackagingTest, TheSameFilesGiveTheSameBytes) {
  write("app.py", "code");
  write("b/tool", "x", 0755);
  const std::string first = packed();
  // Another time, another zone, another umask, written in another order.
  std::filesystem::remove_all(folder_);
  write("b/tool", "x", 0700);
  write("app.py", "code", 0600);
  std::filesystem::last_write_time(folder_ / "app.py", std::filesystem::file_time_type());
  ::setenv("TZ", "America/Lima", 1);
  ::tzset();
  const std::string second = packed();
  ::unsetenv("TZ");
  ::tzset();
  EXPECT_EQ(first, second);
  write("app.py", "core");
  EXPECT_NE(packed(), first);
}

TEST_F(PackagingTest, TellsHowFarItIs) {
  write("app.py", std::string(600'000, 'x'));
  std::uint64_t last = 0;
  std::uint64_t all = 0;
  const auto package = pack(read_all(), limits_, [&](std::uint64_t done, std::uint64_t of) {
    EXPECT_GT(done, last);
    last = done;
    all = of;
  });
  ASSERT_TRUE(package);
  EXPECT_EQ(last, 600'000U);
  EXPECT_EQ(all, 600'000U);
  EXPECT_EQ(package.value().digest, sha256(package.value().bytes()));
}

TEST_F(PackagingTest, AFileThatChangesMeanwhileIsNamed) {
  write("app.py", "code");
  const auto contents = read_all();
  write("app.py", "longer code");
  const auto package = pack(contents, limits_, {});
  ASSERT_FALSE(package);
  EXPECT_EQ(package.error().message(),
            (folder_ / "app.py").string() + " has changed while it was packed; try again");
}

TEST_F(PackagingTest, TakesOneSourceFile) {
  write("hello.py", "def handler(event, context): return 1\n");
  const auto contents = read_contents(folder_ / "hello.py", limits_);
  ASSERT_TRUE(contents) << contents.error().message();
  ASSERT_EQ(contents.value().entries.size(), 1U);
  EXPECT_EQ(contents.value().entries[0].path, "hello.py");
  EXPECT_TRUE(pack(contents.value(), limits_, {}));
}

TEST_F(PackagingTest, RefusesWhatIsNoPackage) {
  EXPECT_EQ(read_contents(folder_ / "none", limits_).error().message(),
            "There is no " + (folder_ / "none").string());
  write("notes.txt", "x");
  EXPECT_EQ(read_contents(folder_ / "notes.txt", limits_).error().message(),
            (folder_ / "notes.txt").string() +
                " is neither a folder nor a .zip, .py, .js, .mjs or .cjs file");
  EXPECT_EQ(read_contents("/dev/null", limits_).error().message(),
            "/dev/null is neither a folder nor a file");
}

TEST_F(PackagingTest, FindsEntriesByName) {
  write("b", "x");
  write("a/c", "x");
  const auto contents = read_all();
  ASSERT_NE(contents.find("a/c"), nullptr);
  EXPECT_EQ(contents.find("a"), nullptr);
  EXPECT_EQ(contents.find("z"), nullptr);
}

}  // namespace
}  // namespace proa::packaging
