#include "model/invocation.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

TEST(Invocation, NamesHowAnEnvironmentCameToBe) {
  EXPECT_EQ(to_string(Start::warm), "warm");
  EXPECT_EQ(to_string(Start::parked), "parked");
  EXPECT_EQ(to_string(Start::restored), "restored");
  EXPECT_EQ(to_string(Start::cold), "cold");
}

}  // namespace
}  // namespace proa::model
