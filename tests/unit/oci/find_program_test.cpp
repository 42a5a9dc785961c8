#include "oci/oci.h"
#include "os/file.h"
#include "unit/oci/archive_builder.h"

namespace proa::oci {
namespace {

namespace fs = std::filesystem;

class FindProgramTest : public ArchiveTest {
 protected:
  void SetUp() override {
    ArchiveTest::SetUp();
    const fs::path root = folder_ / "root";
    fs::create_directories(root / "usr/bin");
    fs::create_directories(root / "app");
    ASSERT_TRUE(os::replace_file(root / "usr/bin/run", "#!", 0755));
    ASSERT_TRUE(os::replace_file(root / "app/run", "#!", 0755));
    ASSERT_TRUE(os::replace_file(root / "app/text", "no program", 0644));
    fs::create_directory_symlink("/usr/bin", root / "bin");
    root_ = os::open_file(root, O_PATH | O_DIRECTORY).value();
  }
  std::string find(const std::string& name, std::string_view path = "/nowhere:/bin:/app") {
    auto found = find_program(root_.get(), name, path, "/app");
    return found ? found.value() : "none";
  }

  os::UniqueFd root_;
};

TEST_F(FindProgramTest, LooksIntoTheFoldersOfPath) {
  EXPECT_EQ(find("run"), "/bin/run");
  EXPECT_EQ(find("run", "app:/app/"), "/app/run");
  EXPECT_EQ(find("run", "/nowhere"), "none");
  EXPECT_EQ(find("run", ""), "none");
}

TEST_F(FindProgramTest, TakesPathsAsTheyAre) {
  EXPECT_EQ(find("/usr/bin/run"), "/usr/bin/run");
  EXPECT_EQ(find("./run"), "/app/./run");
  EXPECT_EQ(find("/run"), "none");
}

TEST_F(FindProgramTest, PassesOverWhatCannotBeExecuted) {
  EXPECT_EQ(find("text"), "none");
  EXPECT_EQ(find("/app"), "none");
  EXPECT_EQ(find(""), "none");
}

}  // namespace
}  // namespace proa::oci
