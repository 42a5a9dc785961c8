#include "unit/logs/filter_cases.h"

namespace proa::logs {
namespace {

// The two documents of AWS's page, and what it says of them.
constexpr const char* kTrail = R"({"eventType": "UpdateTrail",
  "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"],
  "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null,
  "cluster.name": "c", "flag": true, "big": 9007199254740993, "half": 0.5})";
constexpr const char* kUsers = R"({"user": {"id": 1, "email": "John.Stiles@example.com"},
  "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
  "actions": ["GET", "PUT", "DELETE"], "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]]})";

TEST(FilterJson, SelectorsLeadToValues) {
  EXPECT_TRUE(takes(R"({ $.eventType = "UpdateTrail" })", kTrail));
  EXPECT_TRUE(takes(R"({ $.eventType = UpdateTrail })", kTrail));
  EXPECT_TRUE(takes("{ $.sourceIPAddress != 123.123.* }", kTrail));
  EXPECT_FALSE(takes("{ $.sourceIPAddress != 111.111.* }", kTrail));
  EXPECT_TRUE(takes(R"({ $.arrayKey[0] = "value" })", kTrail));
  EXPECT_FALSE(takes(R"({ $.arrayKey[1] = "value" })", kTrail));
  EXPECT_TRUE(takes("{ $.objectList[1].id = 2 }", kTrail));
  EXPECT_TRUE(takes("{ $.['cluster.name'] = \"c\" }", kTrail));
  EXPECT_TRUE(takes(R"({ $.["cluster.name"] = c })", kTrail));
  EXPECT_FALSE(takes(R"({ $.cluster.name = "c" })", kTrail));
  EXPECT_TRUE(takes("{ $.coordinates[1][2] = 6 }", kUsers));
  EXPECT_TRUE(takes("{ $.half<1}", kTrail));
  EXPECT_TRUE(takes("{ $.big = 9007199254740993 }", kTrail));
  EXPECT_FALSE(takes("{ $.big = 9007199254740992 }", kTrail));
}

TEST(FilterJson, AWildcardTakesAnyValue) {
  EXPECT_TRUE(takes("{ $.objectList[*].id = 2 }", kTrail));
  EXPECT_FALSE(takes("{ $.objectList[*].id = 3 }", kTrail));
  EXPECT_TRUE(takes(R"({ $.* = %111\.111\.111\.1[0-9]{1,2}% })", kTrail));
  EXPECT_TRUE(takes("{ $.arrayKey[*] = %val.{2}% }", kTrail));
}

TEST(FilterJson, WhatIsNoStringOrNumberIsNotCompared) {
  EXPECT_FALSE(takes(R"({ $.arrayKey = "value" })", kTrail));
  EXPECT_FALSE(takes(R"({ $.arrayKey != "value" })", kTrail));
  EXPECT_FALSE(takes(R"({ $.missing != "x" })", kTrail));
  EXPECT_FALSE(takes(R"({ $.SomeObject = "*" })", kTrail));
  EXPECT_FALSE(takes("{ $.flag = true }", kTrail));
  EXPECT_FALSE(takes("{ $.eventType > 2 }", kTrail));
}

TEST(FilterJson, WhatThereIsAndIsNot) {
  EXPECT_TRUE(takes("{ $.SomeObject IS NULL }", kTrail));
  EXPECT_FALSE(takes("{ $.eventType IS NULL }", kTrail));
  EXPECT_FALSE(takes("{ $.missing IS NULL }", kTrail));
  EXPECT_TRUE(takes("{ $.flag IS TRUE }", kTrail));
  EXPECT_FALSE(takes("{ $.flag IS FALSE }", kTrail));
  EXPECT_TRUE(takes("{ $.SomeOtherObject NOT EXISTS }", kTrail));
  EXPECT_FALSE(takes("{ $.SomeObject NOT EXISTS }", kTrail));
  EXPECT_TRUE(takes("{ $.SomeObject EXISTS }", kTrail));
}

TEST(FilterJson, ConditionsAreJoined) {
  EXPECT_TRUE(
      takes(R"({ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") })", kUsers));
  EXPECT_TRUE(takes(R"({ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "no" )"
                    R"(&& $.actions[2] = "no" })",
                    kUsers));
  EXPECT_FALSE(takes(R"({ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "no"))"
                     R"( && $.actions[2] = "no" })",
                     kUsers));
}

TEST(FilterJson, OtherMessagesAreNotTaken) {
  for (const char* message : {"", "not json", "[{\"a\":1}]", "{broken", "x {\"a\":1}", "{} {}"}) {
    EXPECT_FALSE(takes("{ $.a NOT EXISTS }", message)) << message;
  }
  EXPECT_TRUE(takes("{ $.a NOT EXISTS }", " {} \n"));
  const std::string deep = "{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
  EXPECT_FALSE(takes("{ $.a EXISTS }", deep));
}

TEST(FilterJson, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{ }", "a selector such as $.name was expected"},
      {"{ a = 1 }", "a selector such as $.name was expected"},
      {"{ $a = 1 }", "a '.' was expected behind '$'"},
      {"{ $. = 1 }", "a name was expected behind '.'"},
      {"{ $..a = 1 }", "a name was expected behind '.'"},
      {"{ $.a }", "an operator"},
      {"{ $.a == 1 }", "an operator"},
      {"{ $.a = }", "a value was expected"},
      {"{ $.a = \"x }", "a quotation mark has no second one"},
      {"{ $.a[x] = 1 }", "a number, '*' or 'name' was expected behind '['"},
      {"{ $.a[-1] = 1 }", "a number, '*' or 'name' was expected behind '['"},
      {"{ $.a[99999999999999999999] = 1 }", "a number, '*' or 'name' was expected behind '['"},
      {"{ $.a[0:2] = 1 }", "a '[' has no ']'"},
      {"{ $.['a = 1 }", "a name in ['...'] does not end"},
      {"{ $.a IS MAYBE }", "NULL, TRUE or FALSE was expected behind IS"},
      {"{ $.a IS NOT NULL }", "NULL, TRUE or FALSE was expected behind IS"},
      {"{ $.a NOT NULL }", "EXISTS was expected behind NOT"},
      {"{ $.a = 1 AND $.b = 2 }", "&& or || was expected"},
      {"{ $.a[*].* = 1 }", "more than one '*' in a selector"},
      {"{ $.* = 1 || $.* = 2 || $.* = 3 || $.* = 4 }", "more than 3 selectors with '*'"},
      {"{ $.a = %x% || $.a = %y% || $.a = %z% }", "more than 2 regular expressions"},
  };
  for (const auto& [pattern, text] : cases) {
    EXPECT_TRUE(defect(pattern).starts_with("Invalid filter pattern: " + text))
        << pattern << ": " << defect(pattern);
  }
}

}  // namespace
}  // namespace proa::logs
