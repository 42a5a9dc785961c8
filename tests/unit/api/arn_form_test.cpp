#include "api/arn_form.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

TEST(ArnForm, IsThatOfTheModel) {
  for (const char* text : {"arn:aws:s3:::bucket/*", "arn:aws:sqs:us-east-1:123456789012:q",
                           "arn:aws-cn:events:cn-north-1:123456789012:rule/r", "arn:aws:x:::"}) {
    EXPECT_TRUE(is_arn(text)) << text;
  }
  for (const char* text : {"", "arn", "arn:aws:s3", "arn:azure:s3:::b", "arn:aws::::b",
                           "arn:aws:s3:nowhere::b", "arn:aws:s3::12:b", "urn:aws:s3:::b"}) {
    EXPECT_FALSE(is_arn(text)) << text;
  }
}

}  // namespace
}  // namespace proa::api
