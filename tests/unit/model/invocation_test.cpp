#include "model/invocation.h"

#include <gtest/gtest.h>

#include <string>

namespace proa::model {
namespace {

TEST(Invocation, NamesHowAnEnvironmentCameToBe) {
  EXPECT_EQ(to_string(Start::warm), "warm");
  EXPECT_EQ(to_string(Start::parked), "parked");
  EXPECT_EQ(to_string(Start::restored), "restored");
  EXPECT_EQ(to_string(Start::cold), "cold");
}

TEST(Invocation, NamesHowAFunctionFailed) {
  std::string names;
  for (std::size_t kind = 0; kind < kFailureKinds; ++kind) {
    names.append(to_string(static_cast<FailureKind>(kind))).append(" ");
  }
  EXPECT_EQ(names, "exception init timeout exit out_of_memory response_size protocol ");
}

}  // namespace
}  // namespace proa::model
