#include "cli/credentials_file.h"

#include "unit/catalog/temp_folder.h"

#include <gtest/gtest.h>

#include <fstream>

namespace proa::cli {
namespace {

constexpr const char* kTwo =
    "# of a tool\n"
    "[default]\n"
    "aws_access_key_id = AKIA1\n"
    "AWS_SECRET_ACCESS_KEY=s=1\r\n"
    "region = us-east-1\n"
    "s3 =\n"
    "  max_concurrent_requests = 20\n"
    "\n"
    "[profile temporary]\n"
    "aws_access_key_id = ASIA2\n"
    "aws_secret_access_key = secret\n"
    "aws_session_token = token\n"
    "x_security_token_expires = 2026-11-26T05:22:42Z\n";

std::string refused(std::string_view text, std::string_view profile) {
  const auto parsed = parse_credentials(text, profile);
  EXPECT_FALSE(parsed);
  return parsed ? std::string() : parsed.error().message();
}

TEST(CredentialsFile, AProfileOfSeveral) {
  const auto first = parse_credentials(kTwo, "default");
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first.value().access_key_id, "AKIA1");
  EXPECT_EQ(first.value().secret_access_key, "s=1");
  EXPECT_EQ(first.value().session_token, "");
  EXPECT_FALSE(first.value().expires);
  const auto second = parse_credentials(kTwo, "temporary");
  ASSERT_TRUE(second);
  EXPECT_EQ(second.value().session_token, "token");
  EXPECT_EQ(second.value().expires_text, "2026-11-26T05:22:42Z");
  EXPECT_TRUE(second.value().expires);
}

TEST(CredentialsFile, TheOnlyProfileNeedsNoName) {
  const auto only = parse_credentials("[x]\naws_access_key_id=A\naws_secret_access_key=B\n", "");
  ASSERT_TRUE(only);
  EXPECT_EQ(only.value().secret_access_key, "B");
}

TEST(CredentialsFile, SaysWhatItLacksAndNothingThatIsSecret) {
  EXPECT_EQ(refused(kTwo, ""),
            "it has several profiles: say which with --profile (default, temporary)");
  EXPECT_EQ(refused(kTwo, "x"), "there is no profile 'x' in it; there are: default, temporary");
  EXPECT_EQ(refused("[x]\naws_secret_access_key=B\n", ""), "the profile has no aws_access_key_id");
  EXPECT_EQ(refused("", ""), "there is no profile in it");
  EXPECT_EQ(refused("[x]\nverysecret\n", ""), "line 2 is neither [a profile] nor a setting of one");
  EXPECT_EQ(refused("a=b\n", ""), "line 1 is neither [a profile] nor a setting of one");
}

class CredentialsFileTest : public catalog::TempFolderTest {};

TEST_F(CredentialsFileTest, ErrorsNameTheFile) {
  const std::string path = (folder_ / "credentials").string();
  EXPECT_EQ(read_credentials(path, "").error().code(), Errc::invalid);
  std::ofstream(path) << "[a]\n";
  const auto empty = read_credentials(path, "");
  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().message().find(path), std::string::npos);
}

}  // namespace
}  // namespace proa::cli
