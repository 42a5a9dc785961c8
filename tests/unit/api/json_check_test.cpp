#include "api/json_check.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

TEST(JsonCheck, AcceptsEveryKindOfValue) {
  for (const std::string_view text :
       {"{}", "[]", "null", "true", "false", "0", "-1.5e-7", "1e400", "\"\"", "\"\\u00e9 \\n\"",
        " {\"a\": [1, {\"b\": null}]}\r\n", "18446744073709551616", "\"\xC3\xA9\""}) {
    EXPECT_EQ(json_defect(text), std::nullopt) << text;
  }
}

TEST(JsonCheck, SaysWhatIsWrongAndWhere) {
  const auto defect = json_defect("{\"a\":1} x");
  ASSERT_TRUE(defect);
  EXPECT_NE(defect->find("at byte 8"), std::string::npos) << *defect;
  for (const std::string_view text :
       {"", " ", "x", "{", "[1,]", "{\"a\"}", "{'a':1}", "01", "+1", ".5", "1.", "nul", "\"\x01\"",
        "\"\xff\"", "\"\\x\"", "[1]]", "// c\n1", "\"\\ud800\""}) {
    EXPECT_TRUE(json_defect(text)) << text;
  }
}

TEST(JsonCheck, GoesAThousandLevelsDeep) {
  EXPECT_FALSE(json_defect(std::string(999, '[') + std::string(999, ']')));
  EXPECT_TRUE(json_defect(std::string(1001, '[') + std::string(1001, ']')));
  EXPECT_TRUE(json_defect(std::string(5'000'000, '[')));
}

}  // namespace
}  // namespace proa::api
