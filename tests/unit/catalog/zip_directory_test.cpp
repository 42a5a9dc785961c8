#include "catalog/zip_directory.h"

#include "unit/catalog/zip_builder.h"

#include <gtest/gtest.h>

namespace proa::catalog {
namespace {

TEST(ZipDirectory, TellsNamesSizesAndModesInTheOrderOfTheData) {
  ZipItem dos = file("b", "12");
  dos.made_by = 0;
  const auto entries = read_zip_directory(make_zip({file("a", "1", 0600), dos}), 10);
  ASSERT_TRUE(entries) << entries.error().message();
  ASSERT_EQ(entries.value().size(), 2U);
  EXPECT_EQ(entries.value()[0].name, "a");
  EXPECT_EQ(entries.value()[0].unix_mode, S_IFREG | 0600U);
  EXPECT_EQ(entries.value()[1].unpacked_size, 2U);
  EXPECT_FALSE(entries.value()[1].unix_mode.has_value());
}

TEST(ZipDirectory, FindsTheEndBehindAComment) {
  std::string zip = make_zip({file("a", "1")});
  zip.replace(zip.size() - 2, 2, std::string("\x03\x00", 2));
  EXPECT_TRUE(read_zip_directory(zip + "abc", 10));
  EXPECT_FALSE(read_zip_directory(zip + "abcd", 10)) << "longer than it says";
  EXPECT_FALSE(read_zip_directory(zip + "ab", 10));
}

TEST(ZipDirectory, HasNoMessageForWhatIsNoZip) {
  for (const std::string bytes : {"", "PK", "PK\x05\x06"}) {
    const auto entries = read_zip_directory(bytes, 10);
    ASSERT_FALSE(entries);
    EXPECT_EQ(entries.error().message(), "");
  }
}

TEST(ZipDirectory, ChecksTheCountBeforeItTakesMemory) {
  const std::string zip = make_zip({file("a", "1"), file("b", "2")});
  EXPECT_TRUE(read_zip_directory(zip, 2));
  EXPECT_NE(read_zip_directory(zip, 1).error().message().find("2 entries"), std::string::npos);
  std::string liar = zip;
  liar.replace(liar.size() - 12, 2, "\xff\xff");
  EXPECT_FALSE(read_zip_directory(liar, 100000));
}

TEST(ZipDirectory, RefusesEntriesWithoutRoomForTheirData) {
  ZipItem item = file("a", "1");
  item.local_offset = 0x7fffffff;
  EXPECT_FALSE(read_zip_directory(make_zip({item}), 10));
  item.local_offset = 5;
  EXPECT_NE(read_zip_directory(make_zip({item}), 10).error().message().find("'a'"),
            std::string::npos);
}

}  // namespace
}  // namespace proa::catalog
