#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class ListTagsTest : public ApiTest {
 protected:
  ListTagsTest() { catalog_.put("f", {{"team", "a"}}); }
};

TEST_F(ListTagsTest, ListsTags) {
  const auto response = send("GET", kTagsPath);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"Tags":{"team":"a"}})");
}

}  // namespace
}  // namespace proa::api
