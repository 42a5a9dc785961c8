#include "unit/api/fakes.h"

namespace proa::api {
namespace {

const std::string kTags =
    "/2017-03-31/tags/" + http::percent_encode("arn:aws:lambda:us-east-1:000000000000:function:f");

class TagResourceTest : public ApiTest {
 protected:
  TagResourceTest() { catalog_.put("f", {{"team", "a"}}); }
};

std::string invalid(const std::string& text) {
  return "400 InvalidParameterValueException User message=" + text;
}

TEST_F(TagResourceTest, TagsAFunction) {
  const auto response = send("POST", kTags, R"({"Tags": {"k": "v", "proa:idle": "remove=1h"}})");
  EXPECT_EQ(response.status, 204) << response.body;
  EXPECT_EQ(catalog_.tag_changes.at("k"), "v");
  EXPECT_EQ(catalog_.tag_changes.at("proa:idle"), "remove=1h");
}

TEST_F(TagResourceTest, RefusesBadTags) {
  EXPECT_EQ(failure(send("POST", kTags, "{}")),
            "400 ValidationException message=1 validation error detected: Value null at 'tags' "
            "failed to satisfy constraint: Member must not be null");
  EXPECT_EQ(failure(send("POST", kTags, R"({"Tags": {}})")),
            invalid("An error and the provided tags cannot be null or empty."));
  EXPECT_EQ(failure(send("POST", kTags, R"({"Tags": {"proa:kernel": "auto"}})")),
            invalid("The tag 'proa:kernel' is not supported by Proa yet"));
  EXPECT_TRUE(failure(send("POST", kTags, R"({"Tags": {"proa:network": "moon"}})"))
                  .starts_with(invalid("The value 'moon' of the tag 'proa:network' is not known")));
}

TEST_F(TagResourceTest, CountsPresentTagsTowardsTheLimit) {
  std::string body = "{\"Tags\": {";
  for (int i = 0; i < 50; ++i) body += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\": \"\"";
  EXPECT_EQ(failure(send("POST", kTags, body + "}}")),
            invalid("Number of tags exceeds resource tag limit."));
}

}  // namespace
}  // namespace proa::api
