#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class TagResourceTest : public ApiTest {
 protected:
  TagResourceTest() { catalog_.put("f", {{"team", "a"}}); }
};

TEST_F(TagResourceTest, TagsAFunction) {
  const auto response =
      send("POST", kTagsPath, R"({"Tags": {"k": "v", "proa:idle": "remove=1h"}})");
  EXPECT_EQ(response.status, 204) << response.body;
  EXPECT_EQ(catalog_.tag_changes.at("k"), "v");
  EXPECT_EQ(catalog_.tag_changes.at("proa:idle"), "remove=1h");
}

TEST_F(TagResourceTest, RefusesBadTags) {
  EXPECT_EQ(failure(send("POST", kTagsPath, "{}")),
            "400 ValidationException message=1 validation error detected: Value null at 'tags' "
            "failed to satisfy constraint: Member must not be null");
  EXPECT_EQ(failure(send("POST", kTagsPath, R"({"Tags": {}})")),
            invalid("An error and the provided tags cannot be null or empty."));
  EXPECT_EQ(failure(send("POST", kTagsPath, R"({"Tags": {"proa:kernel": "auto"}})")),
            invalid("The value 'auto' of the tag 'proa:kernel' is not supported by Proa yet"));
  EXPECT_TRUE(failure(send("POST", kTagsPath, R"({"Tags": {"proa:network": "moon"}})"))
                  .starts_with(invalid("The value 'moon' of the tag 'proa:network' is not known")));
}

TEST_F(TagResourceTest, CountsPresentTagsTowardsTheLimit) {
  std::string body = "{\"Tags\": {";
  for (int i = 0; i < 50; ++i) body += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\": \"\"";
  EXPECT_EQ(failure(send("POST", kTagsPath, body + "}}")),
            invalid("Number of tags exceeds resource tag limit."));
}

}  // namespace
}  // namespace proa::api
