#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class ImageEndpointsTest : public ApiTest {};

TEST_F(ImageEndpointsTest, LoadListShowAndRemoveImages) {
  const auto loaded = send("POST", "/proa/v1/images", R"({"upload_id":"u","name":"app:1"})");
  ASSERT_EQ(loaded.status, 201) << loaded.body;
  EXPECT_EQ(catalog_.loaded->upload_id, "u");
  EXPECT_EQ(text(body_of(loaded), "digest"), "sha256:" + std::string(64, 'a'));
  const auto list = body_of(send("GET", "/proa/v1/images"));
  ASSERT_EQ(list.at("images").as_array().size(), 1U);
  const auto shown = body_of(send("GET", "/proa/v1/images/app%3A1"));
  EXPECT_EQ(shown.at("command").as_array().at(0).as_string(), "run");
  EXPECT_EQ(send("GET", "/proa/v1/images/other").status, 404);
  EXPECT_EQ(send("DELETE", "/proa/v1/images/app%3A1").status, 204);
  EXPECT_EQ(send("DELETE", "/proa/v1/images/other").status, 404);
}

TEST_F(ImageEndpointsTest, RefuseRequestsThatSayTooLittleOrTooMuch) {
  EXPECT_EQ(send("POST", "/proa/v1/images", "{}").status, 400);
  EXPECT_EQ(send("POST", "/proa/v1/images", R"({"upload_id":"u","nmae":"x"})").status, 400);
  EXPECT_EQ(send("POST", "/proa/v1/images", R"({"upload_id":7})").status, 400);
  catalog_.next_error = Error(Errc::invalid, "no image");
  EXPECT_EQ(send("POST", "/proa/v1/images", R"({"upload_id":"u"})").status, 400);
}

}  // namespace
}  // namespace proa::api
