#include "cli/pairs.h"

#include "unit/catalog/temp_folder.h"

namespace proa::cli {
namespace {

class PairsTest : public catalog::TempFolderTest {
 protected:
  std::string file(const std::string& text) {
    std::ofstream(folder_ / "env") << text;
    return (folder_ / "env").string();
  }
};

TEST_F(PairsTest, WordsAreNameAndValue) {
  const auto pairs = parse_pairs("--env", {"A=1", "B=", "C=x=y", "A=2"});
  ASSERT_TRUE(pairs);
  EXPECT_EQ(pairs.value(), (Pairs{{"A", "2"}, {"B", ""}, {"C", "x=y"}}));
}

TEST_F(PairsTest, OtherWordsAreRefusedByName) {
  EXPECT_EQ(parse_pairs("--env", {"A"}).error().message(), "--env takes NAME=VALUE, not 'A'");
  EXPECT_EQ(parse_pairs("--tag", {"=secret"}).error().message(), "--tag takes NAME=VALUE, not ''");
}

TEST_F(PairsTest, FilesHaveALineEach) {
  const auto pairs =
      read_pairs(file("# comment\n\nA=1\r\n export B = two words \nC='a # b'\nD=\"\"\n"));
  ASSERT_TRUE(pairs) << pairs.error().message();
  EXPECT_EQ(pairs.value(), (Pairs{{"A", "1"}, {"B", "two words"}, {"C", "a # b"}, {"D", ""}}));
}

TEST_F(PairsTest, ABadLineIsNamedByItsNumber) {
  const std::string name = file("A=1\nno equals sign\n");
  EXPECT_EQ(read_pairs(name).error().message(), name + ", line 2: not of the form NAME=VALUE");
  EXPECT_EQ(read_pairs("/none").error().message(), "cannot read /none");
  EXPECT_EQ(read_pairs(folder_.string()).error().code(), Errc::invalid);
}

}  // namespace
}  // namespace proa::cli
