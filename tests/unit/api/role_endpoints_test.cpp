#include "unit/api/fakes.h"

namespace proa::api {
namespace {

constexpr const char* kRolesPath = "/proa/v1/roles";
constexpr const char* kRoleArn = "arn:aws:iam::000000000000:role/r";
constexpr const char* kRoleBody =
    R"({"arn":"arn:aws:iam::000000000000:role/r",)"
    R"("access_key_id":"AKIAEXAMPLE",)"
    R"("secret_access_key":"verysecret","session_token":"sessiontoken",)"
    R"("expires_ms":1000})";

class RoleEndpointsTest : public ApiTest {
 protected:
  RoleEndpointsTest() {
    ApiOptions options;
    options.retire_role = [this](std::string account,
                                 std::string arn) -> boost::asio::awaitable<void> {
      retired_.push_back(account + " " + arn);
      co_return;
    };
    make(std::move(options));
  }
  std::vector<std::string> retired_;
};

TEST_F(RoleEndpointsTest, CredentialsGoInAndNeverComeOut) {
  const auto set = send("PUT", kRolesPath, kRoleBody);
  ASSERT_EQ(set.status, 200) << set.body;
  const auto found = roles_->find({"000000000000", kRoleArn});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->secret_access_key, "verysecret");
  const auto list = send("GET", kRolesPath);
  for (const auto* answer : {&set, &list}) {
    for (const char* secret : {"verysecret", "sessiontoken", "AKIAEXAMPLE"}) {
      EXPECT_EQ(answer->body.find(secret), std::string::npos);
    }
  }
  const auto role = body_of(list).at("roles").as_array().at(0).as_object();
  EXPECT_EQ(role.at("arn"), kRoleArn);
  EXPECT_EQ(role.at("account_id"), "000000000000");
  EXPECT_EQ(role.at("is_temporary"), true);
  EXPECT_EQ(role.at("is_expired"), true);
  EXPECT_EQ(role.at("expires"), "1970-01-01T00:00:01.000Z");
}

TEST_F(RoleEndpointsTest, AChangeEndsEnvironmentsThatWereMadeBefore) {
  ASSERT_EQ(send("PUT", kRolesPath, kRoleBody).status, 200);
  const std::string query = std::string("?arn=") + kRoleArn;
  EXPECT_EQ(send("DELETE", kRolesPath + query).status, 204);
  EXPECT_EQ(send("DELETE", kRolesPath + query).status, 404);
  const std::string role = std::string("000000000000 ") + kRoleArn;
  EXPECT_EQ(retired_, (std::vector<std::string>{role, role}));
}

TEST_F(RoleEndpointsTest, WrongRequestsAreRefusedByName) {
  EXPECT_NE(failure(send("PUT", kRolesPath, R"({"arn":"x"})")).find("'x' is no role"),
            std::string::npos);
  EXPECT_NE(failure(send("PUT", kRolesPath, R"({"secret":"x"})")).find("no member 'secret'"),
            std::string::npos);
  EXPECT_NE(failure(send("DELETE", kRolesPath)).find("arn says which role"), std::string::npos);
  std::string foreign = kRoleBody;
  foreign.insert(1, R"("account_id":"111122223333",)");
  EXPECT_NE(failure(send("PUT", kRolesPath, foreign)).find("no account 111122223333"),
            std::string::npos);
  EXPECT_TRUE(retired_.empty());
}

TEST_F(RoleEndpointsTest, AreForAdmins) {
  const auto admin = make_key(identity::Rights{identity::Right::admin});
  const auto deployer =
      make_key(identity::Rights{identity::Right::deploy, identity::Right::configure});
  for (const char* method : {"PUT", "GET", "DELETE"}) {
    EXPECT_TRUE(failure(send_signed(*deployer, method, kRolesPath)).ends_with("the right admin"));
  }
  EXPECT_EQ(send_signed(*admin, "PUT", kRolesPath, kRoleBody).status, 200);
}

}  // namespace
}  // namespace proa::api
