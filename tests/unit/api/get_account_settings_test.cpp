#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

class GetAccountSettingsTest : public ApiTest {
 protected:
  GetAccountSettingsTest() { catalog_.put("f"); }
};

TEST_F(GetAccountSettingsTest, AccountSettingsCountFunctionsAndReservations) {
  catalog_.put("g");
  catalog_.records["g"].reserved_concurrency = 100;
  const json::object answer = body_of(send("GET", "/2016-08-19/account-settings/"));
  EXPECT_EQ(
      json::serialize(answer.at("AccountLimit")),
      R"({"TotalCodeSize":80530636800,"CodeSizeUnzipped":262144000,"CodeSizeZipped":52428800,)"
      R"("ConcurrentExecutions":1000,"UnreservedConcurrentExecutions":900})");
  EXPECT_EQ(json::serialize(answer.at("AccountUsage")),
            R"({"TotalCodeSize":642,"FunctionCount":2})");
}

}  // namespace
}  // namespace proa::api
