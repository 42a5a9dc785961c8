#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

class ListFunctionsTest : public ApiTest {
 protected:
  ListFunctionsTest() { catalog_.put("f"); }
};

TEST_F(ListFunctionsTest, ListsInPages) {
  for (char c = 'a'; c < 'f'; ++c) catalog_.put(std::string(1, c));
  json::object page = body_of(send("GET", "/2015-03-31/functions/?MaxItems=4"));
  ASSERT_EQ(page.at("Functions").as_array().size(), 4U);
  EXPECT_EQ(text(page.at("Functions").as_array()[0].as_object(), "FunctionName"), "a");
  const std::string marker = text(page, "NextMarker");
  page = body_of(
      send("GET", "/2015-03-31/functions?MaxItems=4&Marker=" + http::percent_encode(marker)));
  ASSERT_EQ(page.at("Functions").as_array().size(), 2U);
  EXPECT_EQ(text(page.at("Functions").as_array()[1].as_object(), "FunctionName"), "f");
  EXPECT_FALSE(page.contains("NextMarker"));
}

TEST_F(ListFunctionsTest, APageHasAtMost50) {
  for (int i = 0; i < 60; ++i) catalog_.put("g" + std::to_string(i));
  EXPECT_EQ(body_of(send("GET", "/2015-03-31/functions")).at("Functions").as_array().size(), 50U);
  EXPECT_EQ(body_of(send("GET", "/2015-03-31/functions?MaxItems=10000"))
                .at("Functions")
                .as_array()
                .size(),
            50U);
}

TEST_F(ListFunctionsTest, ListShowsVersionsWhenAsked) {
  const json::object page = body_of(send("GET", "/2015-03-31/functions?FunctionVersion=ALL"));
  const json::object& entry = page.at("Functions").as_array()[0].as_object();
  EXPECT_EQ(text(entry, "FunctionArn"), "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST");
  EXPECT_FALSE(entry.contains("State"));
}

TEST_F(ListFunctionsTest, VersionsFollowTheirFunctionOverAllPages) {
  catalog_.put("e");
  catalog_.put("g");
  for (int i = 0; i < 3; ++i) send("POST", "/2015-03-31/functions/f/versions");
  for (const std::string size : {"1", "2", "3", "4", "6", "50"}) {
    std::string seen;
    std::string marker;
    do {
      const json::object page =
          body_of(send("GET", "/2015-03-31/functions?FunctionVersion=ALL&MaxItems=" + size +
                                  "&Marker=" + http::percent_encode(marker)));
      for (const json::value& one : page.at("Functions").as_array()) {
        const json::object& entry = one.as_object();
        seen += text(entry, "FunctionName") + ":" + text(entry, "Version") + " ";
      }
      marker = page.contains("NextMarker") ? text(page, "NextMarker") : "";
    } while (!marker.empty());
    EXPECT_EQ(seen, "e:$LATEST f:$LATEST f:1 f:2 f:3 g:$LATEST ") << size;
  }
}

TEST_F(ListFunctionsTest, ListRefusesBadParameters) {
  EXPECT_EQ(failure(send("GET", "/2015-03-31/functions?MaxItems=0")),
            "400 ValidationException message=1 validation error detected: Value '0' at 'maxItems' "
            "failed to satisfy constraint: Member must have value greater than or equal to 1");
  EXPECT_EQ(failure(send("GET", "/2015-03-31/functions?MaxItems=10001")),
            "400 ValidationException message=1 validation error detected: Value '10001' at "
            "'maxItems' failed to satisfy constraint: Member must have value less than or equal to "
            "10000");
  EXPECT_EQ(failure(send("GET", "/2015-03-31/functions?MaxItems=many")),
            "400 SerializationException message=The value of 'MaxItems' is not an integer");
  EXPECT_EQ(failure(send("GET", "/2015-03-31/functions?FunctionVersion=SOME")),
            "400 ValidationException message=1 validation error detected: Value 'SOME' at "
            "'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: "
            "[ALL]");
  EXPECT_EQ(failure(send("GET", "/2015-03-31/functions?Marker=%25")),
            invalid("The Marker '%' is not one of ListFunctions"));
  EXPECT_EQ(failure(send("GET", "/2015-03-31/functions?MasterRegion=ALL")),
            invalid("MasterRegion is not supported by Proa yet"));
}

}  // namespace
}  // namespace proa::api
