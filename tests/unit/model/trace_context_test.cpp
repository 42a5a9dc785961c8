#include "model/trace_context.h"

#include <gtest/gtest.h>

namespace proa::model {
namespace {

// The examples of the recommendation.
const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kParent = "b7ad6b7169203331";
const std::string kGood = "00-" + kTrace + "-" + kParent + "-01";
const std::string kXray =
    "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1";

TEST(TraceContext, ATraceparentIsReadAndWrittenAsXRaysHeaderAndBack) {
  const auto trace = parse_traceparent(kGood);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id, kTrace);
  EXPECT_EQ(trace->parent_id, kParent);
  EXPECT_EQ(trace->is_sampled, true);
  EXPECT_EQ(to_xray_header(*trace), kXray);
  EXPECT_EQ(parse_xray_header(kXray), trace);
  EXPECT_EQ(to_traceparent(*trace), kGood);
}

TEST(TraceContext, OnlyTheLowestFlagSaysSampled) {
  for (const auto& [flags, is_sampled] : {std::pair("00", false), std::pair("01", true),
                                          std::pair("02", false), std::pair("ff", true)}) {
    const auto trace = parse_traceparent(kGood.substr(0, 53) + flags);
    ASSERT_TRUE(trace) << flags;
    EXPECT_EQ(trace->is_sampled, is_sampled) << flags;
  }
}

TEST(TraceContext, ALaterVersionMayGoOnBehindADash) {
  EXPECT_TRUE(parse_traceparent("cc" + kGood.substr(2)));
  EXPECT_TRUE(parse_traceparent("cc" + kGood.substr(2) + "-what-the-future-will-be-like"));
  EXPECT_FALSE(parse_traceparent("cc" + kGood.substr(2) + ".what-the-future-will-be-like"));
  EXPECT_FALSE(parse_traceparent("cc" + kGood.substr(2) + "0"));
}

TEST(TraceContext, WhatIsMalformedIsIgnored) {
  const std::string zeros(32, '0');
  for (const std::string& text : {
           std::string(),
           std::string("00"),
           kGood.substr(1),
           kGood.substr(0, 54),
           kGood + "-",
           kGood + "-more",
           kGood + "0",
           "ff" + kGood.substr(2),
           "0G" + kGood.substr(2),
           ".0" + kGood.substr(2),
           "00-" + zeros + "-" + kParent + "-01",
           "00-" + kTrace + "-" + zeros.substr(16) + "-01",
           "00-0AF7651916CD43DD8448EB211C80319C-" + kParent + "-01",
           "00-" + kTrace + "-B7AD6B7169203331-01",
           "00-" + kTrace + "-" + kParent + "-0A",
           "00-" + kTrace + "-" + kParent + "-.0",
           "00_" + kTrace + "-" + kParent + "-01",
           "00-" + kTrace + "_" + kParent + "-01",
           "00-" + kTrace.substr(1) + "--" + kParent + "-01",
           kGood + ", " + kGood,
       }) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(TraceContext, FieldsOfXRaysHeaderStandInAnyOrderAndMayBeOthers) {
  const auto trace = parse_xray_header(
      "Lineage=a87bd80c:1|68fd508a:5; Sampled=1 ;Self=1-67891234-12456789abcdef012345678;"
      "Parent=b7ad6b7169203331;Root=1-0af76519-16cd43dd8448eb211c80319c;");
  ASSERT_TRUE(trace);
  EXPECT_EQ(*trace, *parse_xray_header(kXray));
}

TEST(TraceContext, ARootAloneIsATraceOfWhichNobodyHasDecided) {
  const auto trace = parse_xray_header("Root=1-0af76519-16cd43dd8448eb211c80319c");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->parent_id, "");
  EXPECT_EQ(trace->is_sampled, std::nullopt);
  EXPECT_EQ(to_xray_header(*trace), "Root=1-0af76519-16cd43dd8448eb211c80319c");
  EXPECT_EQ(parse_xray_header("Root=1-0af76519-16cd43dd8448eb211c80319c;Sampled=?"), trace);
  EXPECT_EQ(parse_xray_header("Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=x")->parent_id, "");
}

TEST(TraceContext, AHeaderWithoutARootOfItsFormIsNoTrace) {
  for (const char* text :
       {"", ";", "Root=", "Parent=b7ad6b7169203331;Sampled=1", "Root=1-0af76519",
        "Root=2-0af76519-16cd43dd8448eb211c80319c", "Root=1-0AF76519-16cd43dd8448eb211c80319c",
        "Root=1-0af7651-916cd43dd8448eb211c80319c", "Root=1-00000000-000000000000000000000000",
        "root=1-0af76519-16cd43dd8448eb211c80319c"}) {
    EXPECT_FALSE(parse_xray_header(text)) << text;
  }
}

TEST(TraceContext, AShareOfTracesIsChosenByTheirIds) {
  EXPECT_FALSE(is_in_share(std::string(31, '0') + "1", 0));
  EXPECT_TRUE(is_in_share(std::string(32, 'f'), 1));
  EXPECT_TRUE(is_in_share(std::string(19, 'f') + "7ffffffffffff", 0.5));
  EXPECT_FALSE(is_in_share(std::string(19, '0') + "8000000000000", 0.5));
}

}  // namespace
}  // namespace proa::model
