#include "cli/answer.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

namespace json = boost::json;

TEST(Answer, MembersAreThereOrNothing) {
  const json::value value = json::parse(R"({"t":"x","n":3,"d":1.5,"b":true,"o":{},"a":[1]})");
  EXPECT_EQ(text_in(value, "t"), "x");
  EXPECT_EQ(text_in(value, "n"), "");
  EXPECT_EQ(number_in(value, "n"), 3);
  EXPECT_EQ(number_in(value, "d"), std::nullopt);
  EXPECT_EQ(number_in(value, "t"), std::nullopt);
  EXPECT_TRUE(flag_in(value, "b"));
  EXPECT_FALSE(flag_in(value, "t"));
  EXPECT_NE(object_in(value, "o"), nullptr);
  EXPECT_EQ(object_in(value, "a"), nullptr);
  EXPECT_EQ(array_in(value, "a").value().size(), 1U);
}

TEST(Answer, OddAnswersAreErrors) {
  for (const char* text : {"null", "[]", "\"x\"", "{}", R"({"keys":{}})"}) {
    const json::value value = json::parse(text);
    EXPECT_EQ(array_in(value, "keys").error().code(), Errc::corrupt) << text;
    EXPECT_EQ(text_in(value, "keys"), "");
    EXPECT_EQ(find_in(value, "none"), nullptr);
  }
}

}  // namespace
}  // namespace proa::cli
