#include "templates/node.h"

#include <gtest/gtest.h>

namespace proa::templates {
namespace {

/// The tree on one line.
std::string printed(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::null:
      return "~";
    case Node::Kind::scalar:
      return node.text;
    case Node::Kind::list:
      for (const Node& item : node.items) text += (text.empty() ? "" : " ") + printed(item);
      return "[" + text + "]";
    case Node::Kind::map:
      for (const auto& [name, member] : node.members) {
        text += (text.empty() ? "" : " ") + name + "=" + printed(member);
      }
      return "{" + text + "}";
  }
  return "";
}

std::string tree_of(const std::string& text, const NodeLimits& limits = {}) {
  const auto node = read_node(text, limits);
  return node ? printed(node.value()) : node.error().message();
}

TEST(Node, ReadsYamlAndJson) {
  EXPECT_EQ(tree_of("a: 1\nb: [x, 'y z']\nc:\n  d: ~\n"), "{a=1 b=[x y z] c={d=~}}");
  EXPECT_EQ(tree_of(R"({"a": {"b": [1, true, null]}})"), "{a={b=[1 true ~]}}");
}

TEST(Node, TagsAreWhatTheyStandFor) {
  EXPECT_EQ(tree_of("a: !Ref X"), "{a={Ref=X}}");
  EXPECT_EQ(tree_of("a: !Sub 'x${Y}'"), "{a={Fn::Sub=x${Y}}}");
  EXPECT_EQ(tree_of("a: !GetAtt X.Arn"), "{a={Fn::GetAtt=[X Arn]}}");
  EXPECT_EQ(tree_of("a: !Join ['-', [!Ref X, b]]"), "{a={Fn::Join=[- [{Ref=X} b]]}}");
  EXPECT_EQ(tree_of("a: !Unknown {b: c}"), "{a={Fn::Unknown={b=c}}}");
  EXPECT_EQ(tree_of("a: !!str 1"), "{a=1}");
}

TEST(Node, KnowsItsLines) {
  const auto node = read_node("a: 1\n\nb:\n  c: 2\n", {});
  ASSERT_TRUE(node);
  EXPECT_EQ(node.value().find("a")->line, 1U);
  EXPECT_EQ(node.value().find("b")->find("c")->line, 4U);
}

TEST(Node, AliasesAreCopies) {
  EXPECT_EQ(tree_of("a: &x [1, 2]\nb: *x"), "{a=[1 2] b=[1 2]}");
  EXPECT_TRUE(tree_of("a: &x [*x]").find("line 1: ") == 0) << tree_of("a: &x [*x]");
}

TEST(Node, LaughsAreCounted) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 1; k < 10; ++k) text += ", " + before;
    text += "]\n";
  }
  EXPECT_NE(tree_of(text).find("more than 50000 values"), std::string::npos);
}

TEST(Node, DepthAndSizeHaveLimits) {
  EXPECT_NE(tree_of(std::string(10'000, '[')).find("levels"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_NE(tree_of(deep).find("more than 64 levels"), std::string::npos);
  NodeLimits limits;
  limits.bytes_max = 10;
  EXPECT_EQ(tree_of("a: 123456789", limits), "it is larger than 10 bytes");
}

TEST(Node, RefusesWhatIsNotOneDocumentWithLines) {
  EXPECT_EQ(tree_of(""), "it is empty");
  EXPECT_EQ(tree_of("a: 1\n---\nb: 2\n"), "it has more than one document");
  EXPECT_EQ(tree_of("a: 1\na: 2\n"), "line 2: 'a' is there twice");
  EXPECT_EQ(tree_of("[x]: 1\n"), "line 1: the name of a member is no text");
  EXPECT_TRUE(tree_of("a: 1\nb: [\n").starts_with("line "));
}

TEST(Node, TellsNumbersAndTruth) {
  EXPECT_EQ(integer_of(make_scalar("12", 1)), 12);
  EXPECT_EQ(integer_of(make_scalar("12x", 1)), std::nullopt);
  EXPECT_EQ(integer_of(make_scalar("", 1)), std::nullopt);
  EXPECT_EQ(truth_of(make_scalar("true", 1)), true);
  EXPECT_EQ(truth_of(make_scalar("False", 1)), false);
  EXPECT_EQ(truth_of(make_scalar("yes", 1)), std::nullopt);
}

}  // namespace
}  // namespace proa::templates
