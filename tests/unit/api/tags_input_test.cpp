#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class TagsInputTest : public ApiTest {
 protected:
  TagsInputTest() { catalog_.put("f", {{"team", "a"}}); }
  static std::string path_of(std::string_view arn) {
    return "/2017-03-31/tags/" + http::percent_encode(arn);
  }
};

TEST_F(TagsInputTest, RefusesOtherResources) {
  EXPECT_TRUE(
      failure(send("GET", path_of("f")))
          .starts_with("400 ValidationException message=1 validation error detected: Value "
                       "'f' at 'resource' failed to satisfy constraint: Member must satisfy "
                       "regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:"));
  EXPECT_EQ(failure(send("GET", path_of("arn:aws:lambda:us-east-1:000000000000:function:f:1"))),
            invalid("Tags on function aliases and versions are not supported. Please specify a "
                    "function ARN."));
  EXPECT_EQ(failure(send("GET", path_of("arn:aws:lambda:us-east-1:000000000000:layer:l"))),
            invalid("Tags on the resource arn:aws:lambda:us-east-1:000000000000:layer:l are not "
                    "supported by Proa yet"));
  EXPECT_EQ(failure(send("GET", path_of("arn:aws:lambda:us-east-1:000000000000:function:none"))),
            "404 ResourceNotFoundException User Message=Function not found: "
            "arn:aws:lambda:us-east-1:000000000000:function:none");
}

}  // namespace
}  // namespace proa::api
