#include "logs/utf8.h"

#include <gtest/gtest.h>

namespace proa::logs {
namespace {

const std::string kR = "\xEF\xBF\xBD";

TEST(Utf8, WhatIsUtf8StaysAsItIs) {
  for (const std::string& text :
       {std::string(), std::string("plain\n\t\0x", 9), std::string("\xC2\x80 \xDF\xBF"),
        std::string("\xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF"),
        std::string("\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF")}) {
    EXPECT_EQ(valid_utf8(text), text);
  }
}

TEST(Utf8, EachMaximalPartThatIsNoneBecomesOneReplacement) {
  EXPECT_EQ(valid_utf8("a\xFF"
                       "b"),
            "a" + kR + "b");
  EXPECT_EQ(valid_utf8("\x80\x80"), kR + kR);
  EXPECT_EQ(valid_utf8("\xC0\xAF"), kR + kR) << "too long a form";
  EXPECT_EQ(valid_utf8("\xE0\x80\xAF"), kR + kR + kR);
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), kR + kR + kR) << "a surrogate";
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), kR + kR + kR + kR) << "beyond the last character";
  EXPECT_EQ(valid_utf8("\xF5\x80"), kR + kR);
}

TEST(Utf8, ACharacterThatIsCutIsOneReplacement) {
  EXPECT_EQ(valid_utf8("a\xC3"), "a" + kR);
  EXPECT_EQ(valid_utf8("\xE2\x82"
                       "a"),
            kR + "a");
  EXPECT_EQ(valid_utf8("\xF0\x9F\x98"), kR);
  EXPECT_EQ(valid_utf8("\xF0\x9F\x98\xC3\xA4"), kR + "\xC3\xA4");
  // The example of the Unicode standard, table 3-11.
  EXPECT_EQ(valid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF"
                       "A"),
            kR + kR + kR + kR + "A");
}

}  // namespace
}  // namespace proa::logs
