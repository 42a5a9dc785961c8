#include "model/kernel_statement.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

// Signatures that are stored say these very bytes.
TEST(KernelStatement, IsTheTextThatHasAlwaysBeenSigned) {
  EXPECT_EQ(text_of({"a", "b", "c", "d"}),
            "proa guest kernel 1\nid a\nkernel b\ninitrd c\nmanifest d\n");
}

}  // namespace
}  // namespace proa::model
