#include "unit/api/fakes.h"

namespace proa::api {
namespace {

const std::string kTags =
    "/2017-03-31/tags/" + http::percent_encode("arn:aws:lambda:us-east-1:000000000000:function:f");

class ListTagsTest : public ApiTest {
 protected:
  ListTagsTest() { catalog_.put("f", {{"team", "a"}}); }
};

TEST_F(ListTagsTest, ListsTags) {
  const auto response = send("GET", kTags);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"Tags":{"team":"a"}})");
}

}  // namespace
}  // namespace proa::api
