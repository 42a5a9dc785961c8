#include "cli/table.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::cli {
namespace {

namespace json = boost::json;

TEST(Table, AlignsColumns) {
  const json::value rows =
      json::parse(R"([{"id":"a","rights":["x","y"]},{"id":"longer","rights":[],"n":1}])");
  EXPECT_EQ(table(Screen(), rows.as_array(), {{"ID", "id"}, {"RIGHTS", "rights"}, {"N", "n"}}),
            "ID      RIGHTS  N\n"
            "a       x,y     -\n"
            "longer  -       1\n");
  EXPECT_EQ(table(Screen(), {}, {{"ID", "id"}}), "ID\n");
}

TEST(Table, IsCutToATerminalAndOnlyThere) {
  const json::value rows =
      json::parse(R"([{"id":"abc","text":"a long text\n that has no end","n":12345678901234}])");
  const std::vector<Column> columns{{"ID", "id"}, {"N", "n", true}, {"TEXT", "text"}};
  Screen screen;
  screen.columns = 30;
  EXPECT_EQ(table(screen, rows.as_array(), columns),
            "ID             N  TEXT\n"
            "abc  1234567890\u2026  a long text\u2026\n");
  screen.columns = 5;
  EXPECT_EQ(table(screen, rows.as_array(), columns),
            "ID        N  TEXT\nabc  12345\u2026  a lon\u2026\n");
  EXPECT_EQ(table(Screen(), rows.as_array(), columns),
            "ID                N  TEXT\nabc  12345678901234  a long text  that has no end\n");
}

TEST(Table, HeadsAreBoldWithColours) {
  Screen screen;
  screen.has_colours = true;
  EXPECT_EQ(table(screen, {}, {{"ID", "id"}}), "\x1b[1mID\x1b[0m\n");
}

TEST(Table, PrettyJsonIsJson) {
  const json::value value = json::parse(R"({"a":[1,{"b":"c"}],"d":{},"e":[]})");
  EXPECT_EQ(pretty(value),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"c\"\n    }\n  ],\n  \"d\": {},\n"
            "  \"e\": []\n}\n");
  EXPECT_EQ(json::parse(pretty(value)), value);
}

}  // namespace
}  // namespace proa::cli
