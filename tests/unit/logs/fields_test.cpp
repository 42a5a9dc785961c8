#include "logs/fields.h"

#include <gtest/gtest.h>

#include <limits>

namespace proa::logs {
namespace {

TEST(Fields, NumbersReadBackInAsFewBytesAsTheyNeed) {
  const auto max = std::numeric_limits<std::uint64_t>::max();
  const std::pair<std::uint64_t, std::size_t> cases[] = {
      {0, 1}, {127, 1}, {128, 2}, {16383, 2}, {16384, 3}, {max >> 1U, 9}, {max, 10}};
  for (const auto& [value, size] : cases) {
    std::string bytes;
    put_varint(bytes, value);
    EXPECT_EQ(bytes.size(), size) << value;
    FieldReader fields(bytes);
    EXPECT_EQ(fields.varint(), value);
    EXPECT_TRUE(fields.is_whole());
    EXPECT_TRUE(fields.rest().empty());
  }
}

TEST(Fields, TextsAndBytesReadBack) {
  std::string bytes;
  put_text(bytes, "abc");
  put_text(bytes, "");
  bytes += "rest";
  FieldReader fields(bytes);
  EXPECT_EQ(fields.text(), "abc");
  EXPECT_EQ(fields.text(), "");
  EXPECT_EQ(fields.byte(), 'r');
  EXPECT_EQ(fields.bytes(2), "es");
  EXPECT_EQ(fields.rest(), "t");
  EXPECT_TRUE(fields.is_whole());
}

TEST(Fields, AfterSomethingThatIsNotThereAllIsEmpty) {
  std::string bytes;
  put_text(bytes, "abc");
  FieldReader fields(std::string_view(bytes).substr(0, 3));
  EXPECT_EQ(fields.text(), "");
  EXPECT_FALSE(fields.is_whole());
  EXPECT_EQ(fields.byte(), 0);
  EXPECT_EQ(fields.varint(), 0U);
  EXPECT_EQ(fields.bytes(0), "");
  EXPECT_EQ(fields.rest(), "");
}

TEST(Fields, ANumberWithoutEndIsNone) {
  const std::string bytes(11, '\xFF');
  FieldReader fields(bytes);
  EXPECT_EQ(fields.varint(), 0U);
  EXPECT_FALSE(fields.is_whole());
  std::string long_text;
  put_varint(long_text, std::numeric_limits<std::uint64_t>::max());
  FieldReader text(long_text);
  EXPECT_EQ(text.text(), "");
  EXPECT_FALSE(text.is_whole());
}

TEST(Fields, TimesAreNotNegativeAndCanBeAdded) {
  std::string bytes;
  put_time(bytes, std::chrono::microseconds(7));
  put_time(bytes, std::chrono::microseconds(-7));
  put_varint(bytes, std::numeric_limits<std::uint64_t>::max());
  FieldReader fields(bytes);
  EXPECT_EQ(fields.time().count(), 7);
  EXPECT_EQ(fields.time().count(), 0);
  const auto longest = fields.time();
  EXPECT_GT((longest + longest).count(), longest.count());
}

}  // namespace
}  // namespace proa::logs
