#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class RuntimeEndpointsTest : public ApiTest {};

TEST_F(RuntimeEndpointsTest, AddListShowAndRemoveRuntimeImages) {
  const auto added =
      send("POST", "/proa/v1/runtimes", R"({"upload_id":"u","name":"py","asked_for":["python3"]})");
  ASSERT_EQ(added.status, 201) << added.body;
  EXPECT_EQ(text(body_of(added), "sha256"), std::string(64, 'b'));
  const auto list = body_of(send("GET", "/proa/v1/runtimes"));
  ASSERT_EQ(list.at("runtimes").as_array().size(), 1U);
  const auto& one = list.at("runtimes").as_array().at(0).as_object();
  EXPECT_FALSE(one.contains("packages")) << "there may be hundreds";
  EXPECT_EQ(one.at("used_by").as_array().at(0).as_string(), "us-east-1/hello");
  const auto shown = body_of(send("GET", "/proa/v1/runtimes/py"));
  EXPECT_EQ(shown.at("packages").as_array().size(), 1U);
  EXPECT_EQ(shown.at("asked_for").as_array().at(0).as_string(), "python3");
  EXPECT_EQ(send("GET", "/proa/v1/runtimes/other").status, 404);
  EXPECT_EQ(send("DELETE", "/proa/v1/runtimes/py").status, 409);
  EXPECT_EQ(send("DELETE", "/proa/v1/runtimes/other").status, 404);
}

TEST_F(RuntimeEndpointsTest, RefuseRequestsThatSayTooLittleOrTooMuch) {
  for (const char* body : {"{}", R"({"upload_id":"u","nmae":"x"})", R"({"upload_id":7})",
                           R"({"upload_id":"u","name":"py","asked_for":"python3"})"}) {
    EXPECT_EQ(send("POST", "/proa/v1/runtimes", body).status, 400) << body;
  }
}

}  // namespace
}  // namespace proa::api
