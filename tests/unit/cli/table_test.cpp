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
  EXPECT_EQ(table(rows.as_array(), {{"ID", "id"}, {"RIGHTS", "rights"}, {"N", "n"}}),
            "ID      RIGHTS  N\n"
            "a       x,y     -\n"
            "longer  -       1\n");
  EXPECT_EQ(table({}, {{"ID", "id"}}), "ID\n");
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
