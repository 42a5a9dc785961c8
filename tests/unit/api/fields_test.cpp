#include "api/fields.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::api {
namespace {

TEST(Fields, ReadsEachType) {
  Problems problems;
  const auto object = parse_object(
      R"({"t":"x","i":-3,"b":true,"l":["a","b"],"m":{"k":"v"},"o":{"n":1},"z":null})", problems);
  const Fields fields(object, problems);
  EXPECT_EQ(fields.text("t"), "x");
  EXPECT_EQ(fields.view("t"), "x");
  EXPECT_EQ(fields.integer("i"), -3);
  EXPECT_EQ(fields.boolean("b"), true);
  EXPECT_EQ(fields.texts("l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(fields.map("m")->at("k"), "v");
  EXPECT_EQ(fields.object("o")->integer("n"), 1);
  EXPECT_FALSE(fields.text("z"));
  EXPECT_FALSE(fields.text("absent"));
  EXPECT_TRUE(problems.empty());
}

TEST(Fields, GivesNoNumberOutsideItsRange) {
  Problems problems;
  const auto object = parse_object(R"({"low":-1,"least":0,"most":2,"high":3})", problems);
  const Fields fields(object, problems);
  EXPECT_EQ(fields.ranged("least", "n", 0, 2), 0);
  EXPECT_EQ(fields.ranged("most", "n", 0, 2), 2);
  EXPECT_FALSE(fields.ranged("absent", "n", 0, 2));
  EXPECT_TRUE(problems.empty());
  EXPECT_FALSE(fields.ranged("low", "l", 0, 2));
  EXPECT_FALSE(fields.ranged("high", "h", 0, 2));
  EXPECT_EQ(problems.text(),
            "2 validation errors detected: Value '-1' at 'l' failed to satisfy constraint: Member "
            "must have value greater than or equal to 0; Value '3' at 'h' failed to satisfy "
            "constraint: Member must have value less than or equal to 2");
}

TEST(Fields, NotesWrongTypes) {
  for (const char* body : {R"({"x":1})", R"({"x":[1]})", R"({"x":{"k":1}})", R"({"x":"s"})"}) {
    Problems problems;
    const auto object = parse_object(body, problems);
    const Fields fields(object, problems);
    (void)fields.text("x");
    (void)fields.boolean("x");
    (void)fields.texts("x");
    EXPECT_TRUE(problems.mismatch_text()) << body;
  }
  Problems problems;
  const auto object = parse_object(R"({"x":1.5})", problems);
  EXPECT_FALSE(Fields(object, problems).integer("x"));
  EXPECT_EQ(problems.mismatch_text(), "The value of 'x' is not an integer");
}

TEST(Fields, TellsWhatSaysSomething) {
  Problems problems;
  const auto object = parse_object(
      R"({"a":null,"b":"","c":[],"d":{},"e":{"f":[],"g":{"h":null}},"i":0,"j":{"k":["x"]}})",
      problems);
  const Fields fields(object, problems);
  for (const char* key : {"a", "b", "c", "d", "e", "absent"}) {
    EXPECT_FALSE(fields.says_something(key)) << key;
  }
  EXPECT_TRUE(fields.says_something("i"));
  EXPECT_TRUE(fields.says_something("j"));
}

TEST(Fields, AMemberThatNobodyKnowsIsNamed) {
  Problems problems;
  constexpr auto kKnown = std::to_array<std::string_view>({"name", "size"});
  EXPECT_TRUE(check_members(parse_object("{}", problems), kKnown));
  EXPECT_TRUE(check_members(parse_object(R"({"size":1,"name":""})", problems), kKnown));
  const auto refused = check_members(parse_object(R"({"name":"","nmae":""})", problems), kKnown);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_EQ(refused.error().message(), "There is no member 'nmae' in this request");
}

TEST(Fields, ABodyIsAnObjectOrNothing) {
  Problems none;
  EXPECT_TRUE(parse_object("", none).empty());
  EXPECT_TRUE(none.empty());
  for (const char* body : {"[]", "1", "{", "{}x"}) {
    Problems problems;
    EXPECT_TRUE(parse_object(body, problems).empty());
    EXPECT_TRUE(problems.mismatch_text()) << body;
  }
}

}  // namespace
}  // namespace proa::api
