#include "identity/role_records.h"

#include <gtest/gtest.h>

namespace proa::identity {
namespace {

constexpr const char* kKey = "000000000000/arn:aws:iam::000000000000:role/r";

StoredRole role() {
  StoredRole made;
  made.entry.name = {"000000000000", "arn:aws:iam::000000000000:role/r"};
  made.entry.set = WallTime(std::chrono::milliseconds(1'700'000'000'123));
  made.credentials.access_key_id = "AKIA";
  made.credentials.secret_access_key = "secret";
  return made;
}

TEST(RoleRecords, WhatIsWrittenIsRead) {
  EXPECT_EQ(record_key(role().entry.name), kKey);
  const auto read = decode_role(kKey, encode(role()));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read.value().entry.name, role().entry.name);
  EXPECT_EQ(read.value().entry.set, role().entry.set);
  EXPECT_FALSE(read.value().entry.expires);
  EXPECT_FALSE(read.value().entry.is_temporary);
  EXPECT_EQ(read.value().credentials.secret_access_key, "secret");
}

TEST(RoleRecords, ADamagedOneIsNamedWithoutItsContent) {
  auto wrong = role();
  wrong.credentials.access_key_id.clear();
  for (const std::string& bytes :
       {std::string("{"), std::string("[]"), std::string(R"({"format":0})"), encode(wrong)}) {
    const auto read = decode_role(kKey, bytes);
    ASSERT_FALSE(read) << bytes;
    EXPECT_EQ(read.error().code(), Errc::corrupt);
    EXPECT_NE(read.error().message().find(kKey), std::string::npos);
    EXPECT_EQ(read.error().message().find("secret"), std::string::npos);
  }
  EXPECT_EQ(decode_role("000000000000/other", encode(role())).error().code(), Errc::corrupt);
  EXPECT_EQ(decode_role(kKey, R"({"format":2})").error().code(), Errc::unsupported);
}

}  // namespace
}  // namespace proa::identity
