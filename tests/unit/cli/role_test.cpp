#include "unit/cli/cli_daemon.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace proa::cli {
namespace {

constexpr const char* kArn = "arn:aws:iam::000000000000:role/r";

class RoleVerbsTest : public CliDaemonTest {
 protected:
  RoleVerbsTest() : file_((std::filesystem::temp_directory_path() / name()).string()) {}
  ~RoleVerbsTest() override { std::filesystem::remove(file_); }
  static std::string name() { return "proa-role-test-" + std::to_string(::getpid()); }
  void write(const std::string& text) const { std::ofstream(file_) << text; }
  const std::string file_;
};

TEST_F(RoleVerbsTest, SetSendsWhatIsInTheFile) {
  write("[a]\naws_access_key_id=AKIA\naws_secret_access_key=secret\n");
  body_ = R"({"arn":"x","account_id":"000000000000"})";
  EXPECT_EQ(run({"role", "set", kArn, "--credentials-file", file_}),
            "Functions of account 000000000000 with the role arn:aws:iam::000000000000:role/r call "
            "AWS with these credentials from now on.\n");
  EXPECT_EQ(asked_, R"(PUT /proa/v1/roles {"arn":"arn:aws:iam::000000000000:role/r",)"
                    R"("access_key_id":"AKIA","secret_access_key":"secret"})");
}

TEST_F(RoleVerbsTest, SetWarnsOfTemporaryCredentials) {
  std::string noted;
  around_.note = [&](std::string_view text) { noted += text; };
  const std::string keys =
      "[a]\naws_access_key_id=ASIA\naws_secret_access_key=secret\naws_session_token=t\n";
  write(keys);
  body_ = "{}";
  run({"role", "set", kArn, "--credentials-file", file_});
  EXPECT_NE(noted.find("temporary"), std::string::npos);
  noted.clear();
  write(keys + "x_security_token_expires = 2020-01-01T00:00:00Z\n");
  run({"role", "set", kArn, "--credentials-file", file_});
  EXPECT_NE(noted.find("have expired"), std::string::npos) << noted;
  EXPECT_NE(asked_.find(R"("expires_ms":1577836800000)"), std::string::npos) << asked_;
}

TEST_F(RoleVerbsTest, ListAndDelete) {
  body_ = R"({"roles":[]})";
  EXPECT_NE(run({"role", "list"}).find("proa role set"), std::string::npos);
  body_ = R"({"roles":[{"arn":"a","account_id":"1","set":"s","is_temporary":false,
              "expires":null,"is_expired":false}]})";
  EXPECT_EQ(run({"role", "list"}),
            "ROLE  ACCOUNT  SET  TEMPORARY  EXPIRES  EXPIRED\n"
            "a     1        s    false      -        false\n");
  status_ = 204;
  body_ = "";
  EXPECT_NE(run({"role", "delete", kArn, "--account", "1"}).find("no credentials of AWS"),
            std::string::npos);
  EXPECT_EQ(
      asked_,
      "DELETE /proa/v1/roles?&arn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fr&account_id=1 ");
}

}  // namespace
}  // namespace proa::cli
