#include "otlp/partial_success.h"

#include <gtest/gtest.h>

namespace proa::otlp {
namespace {

TEST(PartialSuccess, CountsWhatTheCollectorRejected) {
  EXPECT_EQ(rejected_in(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}})"), 3U);
  EXPECT_EQ(rejected_in(R"({"partialSuccess":{"errorMessage":"no","rejectedDataPoints":2}})"), 2U);
}

TEST(PartialSuccess, AnythingElseRejectsNothing) {
  for (const char* answer :
       {"", "{}", "[]", "not json", R"({"partialSuccess":{}})", R"({"partialSuccess":7})",
        R"({"partialSuccess":{"errorMessage":"a warning"}})",
        R"({"partialSuccess":{"rejectedSpans":"many"}})",
        R"({"partialSuccess":{"rejectedSpans":-1}})",
        R"({"partialSuccess":{"rejectedSpans":[]}})"}) {
    EXPECT_EQ(rejected_in(answer), 0U) << answer;
  }
}

}  // namespace
}  // namespace proa::otlp
