#include "catalog/json_fields.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace proa::catalog {
namespace {

boost::json::object object(const char* text) { return boost::json::parse(text).as_object(); }

TEST(JsonFields, ReadEveryKind) {
  const auto json =
      object(R"({"t":"x","b":true,"n":7,"m":{"a":"1"},"l":["p","q"],"o":[{"z":1}],"e":{}})");
  JsonFields fields(json, "here");
  EXPECT_EQ(fields.text("t"), "x");
  EXPECT_TRUE(fields.boolean("b"));
  EXPECT_EQ(fields.number("n", 0, 7), 7U);
  EXPECT_EQ(fields.text_map("m").at("a"), "1");
  EXPECT_EQ(fields.texts("l").size(), 2U);
  EXPECT_EQ(fields.objects("o").size(), 1U);
  EXPECT_TRUE(fields.object("e").empty());
  EXPECT_FALSE(fields.optional_number("absent", 0, 1));
  EXPECT_TRUE(fields.finish());
}

TEST(JsonFields, TellTheFirstThingThatIsWrong) {
  const auto json = object(R"({"a":1,"b":2})");
  JsonFields fields(json, "here");
  EXPECT_EQ(fields.text("a"), "");
  EXPECT_EQ(fields.text("missing"), "");
  const auto finished = fields.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code(), Errc::corrupt);
  EXPECT_EQ(finished.error().message(), "here: field 'a' is not a string");
}

TEST(JsonFields, RefuseWhatNobodyAskedFor) {
  const auto json = object(R"({"a":1,"b":2})");
  JsonFields fields(json, "here");
  static_cast<void>(fields.number("a", 0, 9));
  EXPECT_EQ(fields.finish().error().message(), "here: unknown field 'b'");
}

TEST(JsonFields, RefuseEveryWrongType) {
  const auto json = object(R"({"x":null,"l":[1],"m":{"a":1},"o":["s"],"big":1e3,"neg":-1})");
  const auto refused = [&json](auto read) {
    JsonFields fields(json, "here");
    read(fields);
    return !fields.finish();
  };
  EXPECT_TRUE(refused([](JsonFields& f) { f.boolean("x"); }));
  EXPECT_TRUE(refused([](JsonFields& f) { f.object("x"); }));
  EXPECT_TRUE(refused([](JsonFields& f) { f.objects("x"); }));
  EXPECT_TRUE(refused([](JsonFields& f) { f.texts("x"); }));
  EXPECT_TRUE(refused([](JsonFields& f) { f.texts("l"); }));
  EXPECT_TRUE(refused([](JsonFields& f) { f.text_map("m"); }));
  EXPECT_TRUE(refused([](JsonFields& f) { f.objects("o"); }));
  EXPECT_TRUE(refused([](JsonFields& f) { f.number("big", 0, 9999); }));
  EXPECT_TRUE(refused([](JsonFields& f) { f.optional_number("neg", 0, 9); }));
}

}  // namespace
}  // namespace proa::catalog
