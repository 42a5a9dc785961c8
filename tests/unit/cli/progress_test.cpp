#include "cli/progress.h"

#include <gtest/gtest.h>

namespace proa::cli {
namespace {

class ProgressTest : public ::testing::Test {
 protected:
  ProgressTest() {
    around_.note = [this](std::string_view text) { noted_ += text; };
  }
  Surroundings around_;
  std::string noted_;
};

TEST_F(ProgressTest, ATerminalSeesALineThatGoes) {
  around_.errors.is_terminal = true;
  {
    ProgressLine line(around_, true);
    line.begin("packing", 2048);
    EXPECT_EQ(noted_, "\rpacking [........................] 0% of 2.0 KiB\x1b[K");
    noted_.clear();
    line.show(2048);
    EXPECT_EQ(noted_, "\rpacking [########################] 100% of 2.0 KiB\x1b[K");
    noted_.clear();
  }
  EXPECT_EQ(noted_, "\r\x1b[K");
}

TEST_F(ProgressTest, ANarrowOneSeesItsBeginning) {
  around_.errors.is_terminal = true;
  around_.errors.columns = 10;
  ProgressLine line(around_, true);
  line.begin("packing", 2048);
  EXPECT_EQ(noted_, "\rpacking [\x1b[K");
}

TEST_F(ProgressTest, WhatTakesUnknownTimeHasNoBar) {
  around_.errors.is_terminal = true;
  ProgressLine line(around_, true);
  line.begin("unpacking", 0);
  EXPECT_EQ(noted_, "\runpacking ...\x1b[K");
}

TEST_F(ProgressTest, AFileGetsALineForWhatIsLarge) {
  ProgressLine line(around_, true);
  line.begin("packing", 1000);
  EXPECT_EQ(noted_, "");
  line.begin("uploading", 16 * 1024 * 1024);
  line.show(1024);
  line.clear();
  EXPECT_EQ(noted_, "uploading 16 MiB\n");
}

TEST_F(ProgressTest, NothingIsShownWhereNothingShallBe) {
  around_.errors.is_terminal = true;
  ProgressLine line(around_, false);
  line.begin("uploading", 16 * 1024 * 1024);
  line.show(1024);
  line.clear();
  EXPECT_EQ(noted_, "");
}

}  // namespace
}  // namespace proa::cli
