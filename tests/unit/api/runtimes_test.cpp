#include "api/runtimes.h"

#include <gtest/gtest.h>

#include <string>

namespace proa::api {
namespace {

TEST(Runtimes, KnowsPythonNodeAndCustomOnes) {
  for (const std::string_view runtime :
       {"python3.6", "python3.9", "python3.14", "nodejs", "nodejs4.3-edge", "nodejs18.x",
        "nodejs24.x", "provided", "provided.al2", "provided.al2023"}) {
    EXPECT_TRUE(check_runtime(runtime)) << runtime;
  }
  EXPECT_TRUE(is_custom_runtime("provided.al2023"));
  EXPECT_FALSE(is_custom_runtime("python3.9"));
}

TEST(Runtimes, RefusesOtherLanguagesOfAwsByName) {
  for (const std::string runtime : {"java21", "dotnet8", "ruby3.3", "go1.x", "python2.7"}) {
    const auto refused = check_runtime(runtime);
    ASSERT_FALSE(refused) << runtime;
    EXPECT_EQ(refused.error().code(), Errc::unsupported);
    EXPECT_EQ(refused.error().message(),
              "The runtime " + runtime + " is not supported by Proa yet");
  }
}

TEST(Runtimes, RefusesUnknownOnesWithLambdasText) {
  const auto refused = check_runtime("PYTHON3.9");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  const std::string& text = refused.error().message();
  EXPECT_TRUE(
      text.starts_with("Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member "
                       "must satisfy enum value set: [nodejs, "));
  EXPECT_TRUE(text.ends_with(", provided.al2023] or be a valid ARN"));
}

}  // namespace
}  // namespace proa::api
