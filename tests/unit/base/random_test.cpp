#include "base/random.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace proa {
namespace {

TEST(Random, UuidsAreVersionFourAndDiffer) {
  RandomSource random;
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {  // crosses several refills of the 4 KiB buffer
    const std::string uuid = random.uuid();
    ASSERT_TRUE(std::regex_match(uuid, form)) << uuid;
    ASSERT_TRUE(seen.insert(uuid).second) << uuid;
  }
}

TEST(Random, AccessKeyIdsLookLikeThoseOfTemporaryCredentials) {
  RandomSource random;
  const std::regex form("ASIA[A-Z2-7]{16}");
  std::set<std::string> seen;
  for (int i = 0; i < 500; ++i) {
    const std::string id = random.access_key_id();
    ASSERT_TRUE(std::regex_match(id, form)) << id;
    ASSERT_TRUE(seen.insert(id).second) << id;
  }
}

TEST(Random, FillsMoreThanOneBuffer) {
  RandomSource random;
  EXPECT_EQ(random.hex(10'000).size(), 20'000U);
}

}  // namespace
}  // namespace proa
