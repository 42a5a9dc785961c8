#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

using identity::Right;
using identity::Rights;

class KeyEndpointsTest : public ApiTest {};

TEST_F(KeyEndpointsTest, TheFirstKeySwitchesAuthOnAndSaysSo) {
  EXPECT_EQ(send("GET", "/proa/v1/keys").body, R"({"auth":"off","keys":[]})");
  const auto made = send("POST", "/proa/v1/keys");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto body = body_of(made);
  EXPECT_EQ(text(body, "auth"), "on");
  EXPECT_TRUE(
      text(body, "message").starts_with("This is the first key: from now on every request"));
  EXPECT_EQ(text(body, "account_id"), "000000000000");
  EXPECT_EQ(boost::json::serialize(body.at("rights")),
            R"(["invoke","deploy","configure","logs","admin"])");
  identity::Key key;
  key.id = text(body, "access_key_id");
  key.secret = text(body, "secret_access_key");
  EXPECT_EQ(send("GET", "/proa/v1/keys").status, 403);
  const auto listed = send_signed(key, "GET", "/proa/v1/keys");
  EXPECT_EQ(listed.status, 200);
  EXPECT_EQ(listed.body.find(key.secret), std::string::npos);
  const auto second = body_of(
      send_signed(key, "POST", "/proa/v1/keys", R"({"rights": ["invoke"], "description": "CI"})"));
  EXPECT_FALSE(second.contains("message"));
  EXPECT_EQ(boost::json::serialize(second.at("rights")), R"(["invoke"])");
  const std::string path = "/proa/v1/keys/" + text(second, "access_key_id");
  EXPECT_EQ(send_signed(key, "DELETE", path).status, 204);
  EXPECT_EQ(failure(send_signed(key, "DELETE", path)),
            "404 ResourceNotFoundException User Message=There is no key " +
                text(second, "access_key_id"));
}

TEST_F(KeyEndpointsTest, OnlyAdminKeysManageKeys) {
  make_key(Rights{Right::admin});
  const auto other = make_key(Rights{Right::invoke, Right::deploy, Right::configure});
  for (const char* path : {"/proa/v1/keys", "/proa/v1/accounts"}) {
    EXPECT_TRUE(failure(send_signed(*other, "GET", path)).ends_with("has not got the right admin"));
    EXPECT_EQ(send_signed(*other, "POST", path, "{}").status, 403);
  }
  EXPECT_EQ(send_signed(*other, "GET", "/2015-03-31/functions").status, 200);
}

TEST_F(KeyEndpointsTest, BadInputIsNamed) {
  const auto refused = [this](const char* path, const char* body) {
    return failure(send("POST", path, body));
  };
  EXPECT_EQ(refused("/proa/v1/keys", R"({"right": ["admin"]})"),
            "400 InvalidParameterValueException User message=There is no member 'right' in this "
            "request");
  EXPECT_TRUE(
      refused("/proa/v1/keys", R"({"rights": ["root"]})").find("There is no right 'root'") !=
      std::string::npos);
  EXPECT_TRUE(
      refused("/proa/v1/keys", R"({"rights": "admin"})").starts_with("400 SerializationException"));
  EXPECT_TRUE(refused("/proa/v1/keys", R"({"account_id": "123456789012"})")
                  .find("There is no account 123456789012") != std::string::npos);
  EXPECT_TRUE(refused("/proa/v1/accounts", "{}").find("The account name ''") != std::string::npos);
  EXPECT_FALSE(keys_->is_on());
}

TEST_F(KeyEndpointsTest, AccountsAreMadeAndListed) {
  const auto made = send("POST", "/proa/v1/accounts", R"({"name": "team"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id = text(body_of(made), "account_id");
  const auto listed = body_of(send("GET", "/proa/v1/accounts")).at("accounts").as_array();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(text(listed[0].as_object(), "name"), "default");
  EXPECT_EQ(text(listed[1].as_object(), "account_id"), id);
  EXPECT_EQ(send("POST", "/proa/v1/accounts", R"({"name": "team"})").status, 409);
}

}  // namespace
}  // namespace proa::api
