#include "identity/key_records.h"

#include "identity/identity.h"

#include <gtest/gtest.h>

namespace proa::identity {
namespace {

TEST(KeyRecords, ComeBackAsTheyWere) {
  Key key;
  key.id = "PROA1";
  key.secret = "s/+";
  key.account_id = "123456789012";
  key.description = "of \"CI\"";
  key.rights = Rights{Right::invoke, Right::attach_debug};
  key.created = WallTime(std::chrono::milliseconds(1735689600123));
  const auto back = decode_key("PROA1", encode(key));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back.value().secret, key.secret);
  EXPECT_EQ(back.value().description, key.description);
  EXPECT_EQ(back.value().rights, key.rights);
  EXPECT_EQ(back.value().created, key.created);
  EXPECT_EQ(back.value().principal, "arn:aws:iam::123456789012:user/PROA1");
  Account account{"123456789012", "team", key.created};
  EXPECT_EQ(decode_account("123456789012", encode(account)).value().name, "team");
}

TEST(KeyRecords, ATimeThatTheClockCannotHoldIsDamage) {
  for (const char* time : {"17000000002000", "9223372036854775807", "-1"}) {
    const auto account = decode_account(
        "123456789012",
        R"({"format":1,"id":"123456789012","name":"team","created_ms":)" + std::string(time) + "}");
    ASSERT_FALSE(account) << time;
    EXPECT_EQ(account.error().message(), "record accounts '123456789012' has no time 'created_ms'");
  }
}

TEST(KeyRecords, DamageIsNamed) {
  EXPECT_EQ(decode_key("PROA1", "{").error().message(), "record keys 'PROA1' is not a JSON object");
  EXPECT_EQ(decode_key("PROA1", R"({"format":1})").error().message(),
            "record keys 'PROA1' has no text 'id'");
  EXPECT_EQ(decode_key("PROA1", R"({"format":2})").error().code(), Errc::unsupported);
  Account account{"123456789012", "team", WallTime()};
  EXPECT_EQ(decode_account("210987654321", encode(account)).error().code(), Errc::corrupt);
}

}  // namespace
}  // namespace proa::identity
