#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

class ProaEndpointsTest : public ApiTest {
 protected:
  ProaEndpointsTest() { catalog_.put("f"); }
};

TEST_F(ProaEndpointsTest, ServesHealthAndStatus) {
  EXPECT_EQ(send("GET", "/proa/v1/health").body, R"({"status":"ok"})");
  EXPECT_EQ(send("GET", "/proa/v1/status").status, 400);
  ApiOptions options;
  options.status = []() -> boost::asio::awaitable<boost::json::object> {
    boost::json::object status;
    status["functions"] = 3;
    co_return status;
  };
  make(std::move(options));
  EXPECT_EQ(send("GET", "/proa/v1/status").body, R"({"functions":3,"account_id":"000000000000"})");
}

TEST_F(ProaEndpointsTest, TheCodeLocationCanBeFetched) {
  const json::object answer = body_of(send("GET", kFunctionPath));
  const std::string location = text(answer.at("Code").as_object(), "Location");
  const std::string base = "http://127.0.0.1:9600";
  ASSERT_TRUE(location.starts_with(base + "/proa/v1/functions/arn%3Aaws"));
  const auto zip = send("GET", location.substr(base.size()));
  EXPECT_EQ(zip.status, 200);
  EXPECT_EQ(zip.header("Content-Type"), "application/zip");
  EXPECT_EQ(zip.body, "the zip");
}

TEST_F(ProaEndpointsTest, NamesAMissingFunction) {
  EXPECT_EQ(failure(send("GET", "/proa/v1/functions/none/code")), kNoSuchFunction);
}

}  // namespace
}  // namespace proa::api
