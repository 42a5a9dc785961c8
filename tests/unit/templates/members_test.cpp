#include "templates/members.h"

#include <gtest/gtest.h>

namespace proa::templates {
namespace {

Node node_of(const std::string& text) { return read_node(text, {}).value(); }

TEST(Members, AreNothingWhereTheyAreAbsentOrNull) {
  const Node node = node_of("a: ~\nb: x\n");
  EXPECT_EQ(text_at(node, "a").value(), std::nullopt);
  EXPECT_EQ(text_at(node, "none").value(), std::nullopt);
  EXPECT_EQ(text_at(node, "b").value(), "x");
  EXPECT_EQ(integer_at(node, "a").value(), std::nullopt);
  EXPECT_TRUE(texts_at(node, "a").value().empty());
  EXPECT_TRUE(map_at(node, "a").value().empty());
}

TEST(Members, OfAnotherShapeAreRefusedByLineAndName) {
  const Node node = node_of("a: [x]\nb: x\nc: {d: [x]}\ne: [[x]]\n");
  EXPECT_EQ(text_at(node, "a").error().message(), "line 1: a must be a text, not a list");
  EXPECT_EQ(integer_at(node, "b").error().message(), "line 2: b must be a whole number");
  EXPECT_EQ(texts_at(node, "b").error().message(), "line 2: b must be a list of texts, not a text");
  EXPECT_EQ(texts_at(node, "e").error().message(), "line 4: e must be a list of texts, not a list");
  EXPECT_EQ(map_at(node, "c").error().message(), "line 3: c.d must be a text, not a list");
}

TEST(Members, ThatNobodyKnowsAreProblems) {
  constexpr auto kKnown = std::to_array<KnownMember>({{"taken"}, {"noted", Use::noted}});
  Template out;
  sort_members(node_of("taken: 1\nnoted: 1\nother: 1\nempty: {}\nnothing: ~\n"), kKnown, "F", out);
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_EQ(out.problems[0].text, "F: other");
  EXPECT_EQ(out.problems[0].line, 3U);
  ASSERT_EQ(out.notes.size(), 1U);
  EXPECT_EQ(out.notes[0].text, "F: noted");
}

TEST(Members, AreMergedAsGlobalsAre) {
  const Node both = merged(node_of("a: {x: 1, y: 1}\nb: [1]\nc: 1\nd: {Ref: x}\n"),
                           node_of("a: {y: 2}\nb: [2]\nc: 2\nd: {Fn::Sub: y}\n"));
  EXPECT_EQ(both.find("a")->find("x")->text, "1");
  EXPECT_EQ(both.find("a")->find("y")->text, "2");
  EXPECT_EQ(both.find("b")->items.size(), 2U);
  EXPECT_EQ(both.find("c")->text, "2");
  EXPECT_EQ(both.find("d")->members.size(), 1U);
}

}  // namespace
}  // namespace proa::templates
