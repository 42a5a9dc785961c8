#include "unit/backup/data_folder.h"

namespace proa::backup {
namespace {

class WriterTest : public DataFolderTest {
 protected:
  static Backup one_file() {
    Backup backup;
    backup.files = {{"a", 3}};
    backup.bytes = 3;
    return backup;
  }
  Result<std::unique_ptr<Writer>> create(const std::string& name) const {
    return Writer::create(top_ / name, one_file(), WallTime());
  }
};

TEST_F(WriterTest, NamesTheFileWhenAllIsInIt) {
  auto writer = create("b.tar").value();
  ASSERT_TRUE(writer->begin({"a", 3}));
  ASSERT_TRUE(writer->add("ab"));
  ASSERT_TRUE(writer->add("c"));
  EXPECT_FALSE(std::filesystem::exists(top_ / "b.tar"));
  ASSERT_TRUE(writer->finish());
  writer.reset();
  EXPECT_NE(read(top_ / "b.tar")
                .find("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f200"
                      "15ad  data/a\n"),
            std::string::npos)
      << "SHA-256 of abc";
  EXPECT_EQ(std::filesystem::status(top_ / "b.tar").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(WriterTest, LeavesNothingWhereItIsGivenUp) {
  {
    auto writer = create("b.tar").value();
    ASSERT_TRUE(writer->begin({"a", 3}));
    ASSERT_TRUE(writer->add("ab"));
    EXPECT_FALSE(writer->finish()) << "a byte is missing";
    EXPECT_FALSE(writer->add("cd")) << "and that is one too many";
  }
  std::size_t files = 0;
  for (const auto& each : std::filesystem::directory_iterator(top_)) {
    if (each.is_regular_file()) ++files;
  }
  EXPECT_EQ(files, 0U);
}

TEST_F(WriterTest, TakesNoFilesPlace) {
  std::ofstream(top_ / "b.tar") << "mine";
  const auto refused = create("b.tar");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  auto writer = create("c.tar").value();
  std::ofstream(top_ / "c.tar") << "mine";
  ASSERT_TRUE(writer->begin({"a", 3}));
  ASSERT_TRUE(writer->add("abc"));
  EXPECT_FALSE(writer->finish()) << "one that came meanwhile";
  EXPECT_EQ(read(top_ / "c.tar"), "mine");
}

TEST_F(WriterTest, RefusesPlacesAndEndingsByName) {
  EXPECT_EQ(create("no/b.tar").error().code(), Errc::invalid);
  for (const char* name : {"b.zip", "b.tar.xz", "b.tgz"}) {
    const auto refused = create(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code(), Errc::invalid);
  }
}

}  // namespace
}  // namespace proa::backup
