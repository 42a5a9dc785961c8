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
