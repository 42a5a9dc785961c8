#include "schedule/schedule.h"
#include "unit/api/fakes.h"
#include "unit/schedule/map_batches.h"

namespace proa::api {
namespace {

constexpr const char* kSchedulesPath = "/proa/v1/schedules";
constexpr const char* kNightly = "/proa/v1/schedules/nightly";
constexpr const char* kScheduleBody =
    R"j({"function":"f","expression":"cron(0 3 * * ? *)","timezone":"Europe/Berlin"})j";

class ScheduleEndpointsTest : public ApiTest {
 protected:
  ScheduleEndpointsTest() {
    catalog_.put("f");
    schedules_ =
        schedule::Schedules::open({batches_, events_, catalog_, blocking_, clock_, {}}, {}).value();
    ApiOptions options;
    options.schedules = schedules_.get();
    make(std::move(options));
  }

  schedule::MapBatches batches_;
  std::unique_ptr<schedule::Schedules> schedules_;
};

TEST_F(ScheduleEndpointsTest, PutMakesAScheduleAndReplacesIt) {
  const auto made = send("PUT", kNightly, kScheduleBody);
  ASSERT_EQ(made.status, 201) << made.body;
  const auto schedule = body_of(made);
  EXPECT_EQ(schedule.at("name"), "nightly");
  EXPECT_EQ(schedule.at("arn"),
            "arn:aws:scheduler:us-east-1:000000000000:schedule/default/nightly");
  EXPECT_EQ(schedule.at("function_arn"), "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(schedule.at("expression"), "cron(0 3 * * ? *)");
  EXPECT_EQ(schedule.at("timezone"), "Europe/Berlin");
  EXPECT_EQ(schedule.at("state"), "active");
  EXPECT_EQ(schedule.at("enabled"), true);
  EXPECT_EQ(schedule.at("missed"), "skip");
  EXPECT_EQ(schedule.at("next_run"), "2025-01-01T03:00:00+01:00");
  EXPECT_TRUE(schedule.at("last_run").is_null());
  EXPECT_EQ(schedule.at("revision"), 1);
  EXPECT_FALSE(schedule.contains("input"));
  const auto changed = send("PUT", kNightly,
                            R"j({"name":"nightly","function":"f","expression":"rate(1 day)",)j"
                            R"("input":"{\"a\": 1.0}","description":"d","missed":"run-once",)"
                            R"("start":"2025-02-01T00:00:00","end":"2025-03-01T00:00:00Z",)"
                            R"("revision":1})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  const auto now = body_of(send("GET", kNightly));
  EXPECT_EQ(now.at("input"), "{\"a\": 1.0}");
  EXPECT_EQ(now.at("timezone"), "UTC");
  EXPECT_EQ(now.at("description"), "d");
  EXPECT_EQ(now.at("missed"), "run-once");
  EXPECT_EQ(now.at("start"), "2025-02-01T00:00:00+00:00");
  EXPECT_EQ(now.at("next_run"), "2025-02-01T00:00:00+00:00");
  EXPECT_EQ(now.at("revision"), 2);
  EXPECT_EQ(
      send("PUT", kNightly, R"j({"function":"f","expression":"rate(1 day)","revision":1})j").status,
      412);
}

TEST_F(ScheduleEndpointsTest, PostMakesOneThatIsNotThere) {
  const std::string body = R"j({"name":"a","function":"f","expression":"rate(1 day)"})j";
  EXPECT_EQ(send("POST", kSchedulesPath, body).status, 201);
  const auto again = send("POST", kSchedulesPath, body);
  EXPECT_EQ(again.status, 409);
  EXPECT_NE(failure(again).find("Schedule a already exists"), std::string::npos);
}

TEST_F(ScheduleEndpointsTest, ListsWithoutInputsPageByPage) {
  for (const char* name : {"a", "b", "c"}) {
    const std::string path = std::string(kSchedulesPath) + "/" + name;
    ASSERT_EQ(
        send("PUT", path, R"j({"function":"f","expression":"rate(1 day)","input":"1"})j").status,
        201);
  }
  const auto first = body_of(send("GET", std::string(kSchedulesPath) + "?MaxItems=2"));
  ASSERT_EQ(first.at("schedules").as_array().size(), 2U);
  EXPECT_FALSE(first.at("schedules").as_array()[0].as_object().contains("input"));
  const std::string marker(first.at("next_marker").as_string());
  const auto rest = body_of(send("GET", std::string(kSchedulesPath) + "?Marker=" + marker));
  ASSERT_EQ(rest.at("schedules").as_array().size(), 1U);
  EXPECT_EQ(rest.at("schedules").as_array()[0].at("name"), "c");
  EXPECT_FALSE(rest.contains("next_marker"));
}

TEST_F(ScheduleEndpointsTest, ADeletedOneIsNotFound) {
  ASSERT_EQ(send("PUT", kNightly, kScheduleBody).status, 201);
  EXPECT_EQ(send("DELETE", kNightly).status, 204);
  EXPECT_EQ(send("GET", kNightly).status, 404);
  const auto again = send("DELETE", kNightly);
  EXPECT_EQ(again.status, 404);
  EXPECT_NE(failure(again).find("There is no schedule nightly"), std::string::npos);
}

TEST_F(ScheduleEndpointsTest, RunQueuesAnEventAtOnce) {
  ASSERT_EQ(send("PUT", kNightly, kScheduleBody).status, 201);
  const auto run = send("POST", std::string(kNightly) + "/run");
  ASSERT_EQ(run.status, 202) << run.body;
  EXPECT_EQ(body_of(run).at("request_id").as_string().size(), 36U);
  EXPECT_EQ(send("POST", std::string(kSchedulesPath) + "/none/run").status, 404);
}

TEST_F(ScheduleEndpointsTest, AFunctionThatIsNotThereIsNotFound) {
  const auto made = send("PUT", kNightly, R"j({"function":"g","expression":"rate(1 day)"})j");
  EXPECT_EQ(made.status, 404);
  EXPECT_NE(failure(made).find("Function not found"), std::string::npos);
}

TEST_F(ScheduleEndpointsTest, EachChangeNeedsItsRight) {
  const auto admin = make_key(identity::Rights{identity::Right::admin});
  const auto configure = make_key(identity::Rights{identity::Right::configure});
  const auto invoke = make_key(identity::Rights{identity::Right::invoke});
  EXPECT_EQ(send_signed(*invoke, "PUT", kNightly, kScheduleBody).status, 403);
  EXPECT_EQ(send_signed(*configure, "PUT", kNightly, kScheduleBody).status, 201);
  EXPECT_EQ(send_signed(*invoke, "GET", kNightly).status, 403);
  EXPECT_EQ(send_signed(*configure, "GET", kNightly).status, 200);
  EXPECT_EQ(send_signed(*configure, "POST", std::string(kNightly) + "/run").status, 403);
  EXPECT_EQ(send_signed(*invoke, "POST", std::string(kNightly) + "/run").status, 202);
  EXPECT_EQ(send_signed(*invoke, "DELETE", kNightly).status, 403);
  EXPECT_EQ(send_signed(*configure, "DELETE", kNightly).status, 204);
}

TEST_F(ScheduleEndpointsTest, AProgramWithoutSchedulesSaysSo) {
  make({});
  EXPECT_NE(failure(send("GET", kSchedulesPath)).find("not supported by this program"),
            std::string::npos);
}

}  // namespace
}  // namespace proa::api
