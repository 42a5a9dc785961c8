#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class UsageEndpointTest : public ApiTest {
 protected:
  static logs::UsageRecord record() {
    logs::UsageRecord out;
    out.account_id = "000000000000";
    out.region = "us-east-1";
    out.function = "f";
    out.version = "7";
    out.request_id = "00000000-0000-4000-8000-000000000001";
    out.environment_id = "00112233445566778899aabbccddeeff";
    out.call.begin = WallTime(std::chrono::milliseconds(1'700'000'000'123));
    out.call.duration = std::chrono::microseconds(1'500);
    out.call.init_duration = std::chrono::microseconds(90'250);
    out.call.memory_mib = 512;
    out.call.max_memory_used = Bytes::mib(40);
    out.call.status = logs::CallStatus::error;
    out.call.start = model::Start::cold;
    out.call.error_type = "Runtime.ExitError";
    out.call.trace_id = "Root=1-0-0";
    out.call.runtime_identity = "python3.11.2";
    return out;
  }
  std::string refused(const std::string& query) {
    return failure(send("GET", "/proa/v1/usage" + query));
  }
};

TEST_F(UsageEndpointTest, ARecordInItsUnits) {
  logs_.usage_page.records = {record()};
  logs_.usage_page.next = "1-2-3";
  logs_.usage_page.is_end = true;
  const auto answer = body_of(send("GET", "/proa/v1/usage"));
  EXPECT_EQ(boost::json::serialize(answer.at("records").as_array().at(0)),
            R"({"began":"2023-11-14T22:13:20.123Z","account_id":"000000000000",)"
            R"("region":"us-east-1","function":"f","version":"7",)"
            R"("request_id":"00000000-0000-4000-8000-000000000001","status":"error",)"
            R"("error_type":"Runtime.ExitError","duration_ms":1.5E0,"init_ms":9.025E1,)"
            R"("billed_ms":92,"memory_mib":512,"max_memory_bytes":41943040,)"
            R"("gb_seconds":4.6E-2,"environment_id":"00112233445566778899aabbccddeeff",)"
            R"("start":"cold","runtime":"python3.11.2","isolation":"container",)"
            R"("trace_id":"Root=1-0-0"})");
  EXPECT_EQ(answer.at("next"), "1-2-3");
  EXPECT_EQ(answer.at("is_end"), true);
  EXPECT_EQ(logs_.usage_query->account_id, "000000000000");
  EXPECT_EQ(logs_.usage_query->region, "us-east-1");
  EXPECT_EQ(logs_.usage_query->function, "");
  EXPECT_FALSE(logs_.usage_query->from);
}

TEST_F(UsageEndpointTest, PartsOfThem) {
  const auto response = send("GET",
                             "/proa/v1/usage?function=f&since=2023-11-14&until=2023-11-15"
                             "&after=4-5-6&limit=10");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(logs_.usage_query->function, "f");
  EXPECT_EQ(logs_.usage_query->from, WallTime(std::chrono::seconds(1'699'920'000)));
  EXPECT_EQ(logs_.usage_query->until, WallTime(std::chrono::seconds(1'700'006'400)));
  EXPECT_EQ(logs_.usage_query->after, "4-5-6");
  EXPECT_EQ(logs_.usage_query->max_records, 10U);
}

TEST_F(UsageEndpointTest, WhatCannotBeMeantIsRefusedByName) {
  EXPECT_NE(refused("?functions=f").find("'functions'"), std::string::npos);
  EXPECT_NE(refused("?limit=0").find("limit is a number"), std::string::npos);
  EXPECT_NE(refused("?limit=10001").find("limit is a number"), std::string::npos);
  EXPECT_NE(refused("?limit=x").find("limit is a number"), std::string::npos);
  EXPECT_NE(refused("?since=yesterday").find("yesterday"), std::string::npos);
  EXPECT_NE(refused("?function=a%20b"), "");
}

}  // namespace
}  // namespace proa::api
