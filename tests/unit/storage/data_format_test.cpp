#include "storage/data_format.h"

#include "os/file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace proa::storage {
namespace {

class DataFormatTest : public ::testing::Test {
 protected:
  DataFormatTest() {
    std::string name = (std::filesystem::temp_directory_path() / "proa-format-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~DataFormatTest() override { std::filesystem::remove_all(folder_); }

  void note(const std::string& text) const { std::ofstream(folder_ / "format") << text; }
  std::string refusal(Errc code) const {
    const auto checked = check_data_format(folder_);
    EXPECT_FALSE(checked);
    if (checked) return {};
    EXPECT_EQ(checked.error().code(), code);
    return checked.error().message();
  }

  std::filesystem::path folder_;
};

TEST_F(DataFormatTest, ANewFolderGetsOurs) {
  EXPECT_TRUE(check_data_format(folder_));
  ASSERT_TRUE(note_data_format(folder_));
  EXPECT_EQ(os::read_file(folder_ / "format").value(), std::to_string(kDataFormat) + "\n");
  EXPECT_TRUE(check_data_format(folder_));
}

TEST_F(DataFormatTest, ANewerOneIsRefusedByItsNumber) {
  note(std::to_string(kDataFormat + 1) + "\n");
  EXPECT_EQ(refusal(Errc::unsupported), folder_.string() +
                                            " has data format 2, this Proa knows "
                                            "formats up to 1: it takes a newer Proa");
}

TEST_F(DataFormatTest, WhatIsNoNumberIsNamed) {
  for (const char* text : {"", "0", "-1", "one", "1x", "99999999999999999999"}) {
    note(text);
    EXPECT_NE(refusal(Errc::corrupt).find("format: '" + std::string(text) + "'"), std::string::npos)
        << text;
  }
}

TEST_F(DataFormatTest, TheNumberOfAnOlderOneIsRaised) {
  note("0\n");  // as it would be behind the first change of kDataFormat
  ASSERT_TRUE(note_data_format(folder_));
  EXPECT_TRUE(check_data_format(folder_));
}

}  // namespace
}  // namespace proa::storage
