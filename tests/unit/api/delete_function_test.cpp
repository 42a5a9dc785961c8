#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

class DeleteFunctionTest : public ApiTest {
 protected:
  DeleteFunctionTest() { catalog_.put("f"); }
};

TEST_F(DeleteFunctionTest, DeletesAFunctionOrTheOneVersionThatIsNamed) {
  EXPECT_EQ(send("DELETE", "/2015-03-31/functions/f?Qualifier=1").status, 404);
  EXPECT_TRUE(catalog_.deleted.empty());
  send("POST", "/2015-03-31/functions/f/versions");
  EXPECT_EQ(send("DELETE", "/2015-03-31/functions/f?Qualifier=1").status, 204);
  EXPECT_EQ(catalog_.deleted, std::vector<std::string>{"f:1"});
  catalog_.deleted.clear();
  const auto response = send("DELETE", kFunctionPath);
  EXPECT_EQ(response.status, 204);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(catalog_.deleted, std::vector<std::string>{"f"});
}

TEST_F(DeleteFunctionTest, NamesAMissingFunction) {
  EXPECT_EQ(failure(send("DELETE", "/2015-03-31/functions/none")), kNoSuchFunction);
}

}  // namespace
}  // namespace proa::api
