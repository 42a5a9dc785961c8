#include "identity/rights.h"

#include <gtest/gtest.h>

namespace proa::identity {
namespace {

TEST(Rights, NamesComeBackAsTheyWere) {
  const std::vector<std::string> names = {"invoke",         "deploy",       "configure",
                                          "logs",           "attach:debug", "attach:memory",
                                          "attach:traffic", "admin"};
  const auto rights = parse_rights(names);
  ASSERT_TRUE(rights);
  EXPECT_EQ(to_names(rights.value()), names);
  EXPECT_EQ(to_string(Right::attach_memory), "attach:memory");
}

TEST(Rights, UnknownNamesAreRefusedWithAllThatExist) {
  const auto refused = parse_rights({"invoke", "root"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "There is no right 'root'; the rights are: invoke, deploy, configure, logs, "
            "attach:debug, attach:memory, attach:traffic, admin");
}

TEST(Rights, AreSets) {
  const Rights some{Right::invoke, Right::logs};
  EXPECT_TRUE(some.has(Right::logs));
  EXPECT_FALSE(some.has(Right::admin));
  EXPECT_TRUE(some.has_any(Rights{Right::admin, Right::invoke}));
  EXPECT_FALSE(some.has_any(Rights{Right::admin}));
  EXPECT_TRUE(Rights().empty());
}

}  // namespace
}  // namespace proa::identity
