#include "unit/api/fakes.h"

namespace proa::api {
namespace {

TEST_F(ApiTest, LocationsOfArchivesCanBeFetched) {
  catalog_.put("f");
  catalog_.zip = "archive";
  const std::string url =
      text(body_of(send("GET", "/2015-03-31/functions/f")).at("Code").as_object(), "Location");
  const std::string begin = "http://127.0.0.1:9600";
  ASSERT_TRUE(url.starts_with(begin)) << url;
  const auto answer = send("GET", url.substr(begin.size()));
  EXPECT_EQ(answer.body, "archive");
  EXPECT_EQ(answer.header("Content-Type"), "application/zip");
}

}  // namespace
}  // namespace proa::api
