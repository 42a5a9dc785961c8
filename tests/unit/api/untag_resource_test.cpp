#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class UntagResourceTest : public ApiTest {
 protected:
  UntagResourceTest() { catalog_.put("f", {{"team", "a"}}); }
};

TEST_F(UntagResourceTest, UntagsAFunction) {
  EXPECT_EQ(send("DELETE", kTagsPath + "?tagKeys=team&tagKeys=a%3Ab").status, 204);
  ASSERT_EQ(catalog_.tag_changes.size(), 2U);
  EXPECT_EQ(catalog_.tag_changes.at("team"), std::nullopt);
  EXPECT_EQ(catalog_.tag_changes.at("a:b"), std::nullopt);
  EXPECT_EQ(failure(send("DELETE", kTagsPath)),
            "400 ValidationException message=1 validation error detected: Value null at 'tagKeys' "
            "failed to satisfy constraint: Member must not be null");
}

}  // namespace
}  // namespace proa::api
