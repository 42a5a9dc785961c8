#include "unit/cli/cli_daemon.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace proa::cli {
namespace {

constexpr const char* kSchedule =
    R"({"name":"n","arn":"a","state":"active","next_run":"2026-11-27T09:00:00+01:00",)"
    R"("function_arn":"arn:aws:lambda:us-east-1:000000000000:function:f:live",)"
    R"j("expression":"cron(0 9 * * ? *)","timezone":"Europe/Berlin","enabled":true,)j"
    R"("missed":"skip","last_run":{"due":"2026-11-26T09:00:00+01:00","queued":"q",)"
    R"("request_id":"r"},"runs":3,"failed_runs":1,"missed_runs":2,)"
    R"("missed_times":["2026-11-25T09:00:00+01:00"],"created":"c","updated":"u","revision":4,)"
    R"("input":"{}","end":"2027-01-01T00:00:00+01:00"})";

class ScheduleVerbsTest : public CliDaemonTest {};

TEST_F(ScheduleVerbsTest, CreateSendsWhatWasSaid) {
  body_ = kSchedule;
  EXPECT_EQ(run({"schedule", "create", "n", "cron(0 9 * * ? *)", "--function", "f:live",
                 "--timezone", "Europe/Berlin", "--input", "{}", "--end", "2027-01-01T00:00:00",
                 "--missed", "run-once", "--description", "d", "--disabled"}),
            "Schedule n created; next run 2026-11-27T09:00:00+01:00.\n");
  EXPECT_EQ(asked_, R"(POST /proa/v1/schedules {"name":"n","function":"f:live",)"
                    R"j("expression":"cron(0 9 * * ? *)","timezone":"Europe/Berlin","input":"{}",)j"
                    R"("description":"d","end":"2027-01-01T00:00:00","missed":"run-once",)"
                    R"("enabled":false})");
}

TEST_F(ScheduleVerbsTest, TheInputMayStandInAFile) {
  const auto file =
      std::filesystem::temp_directory_path() / ("proa-schedule-test-" + std::to_string(::getpid()));
  std::ofstream(file) << "[1]";
  body_ = kSchedule;
  run({"schedule", "create", "n", "rate(1 day)", "--function", "f", "--input-file", file.string()});
  std::filesystem::remove(file);
  EXPECT_NE(asked_.find(R"("input":"[1]")"), std::string::npos) << asked_;
  run({"schedule", "create", "n", "rate(1 day)", "--function", "f", "--input-file", "/none",
       "--input", "1"});
  EXPECT_EQ(code_, 2);
  EXPECT_NE(noted_.find("exclude each other"), std::string::npos);
}

TEST_F(ScheduleVerbsTest, WhatIsWrongIsToldBeforeAnythingIsAsked) {
  asked_.clear();
  run({"schedule", "create", "n", "cron(0 9 * * * *)", "--function", "f"});
  EXPECT_EQ(code_, 2);
  EXPECT_NE(noted_.find("must be '?'"), std::string::npos) << noted_;
  run({"schedule", "update", "n", "--timezone", "Mars"});
  EXPECT_EQ(code_, 2);
  EXPECT_NE(noted_.find("There is no time zone 'Mars'"), std::string::npos) << noted_;
  run({"schedule", "update", "n"});
  EXPECT_EQ(code_, 2);
  EXPECT_NE(noted_.find("say what shall change"), std::string::npos) << noted_;
  run({"schedule", "create", "n", "rate(1 day)", "--function", "f", "--missed", "run-all"});
  EXPECT_EQ(code_, 2);
  EXPECT_EQ(asked_, "");
}

TEST_F(ScheduleVerbsTest, UpdateChangesWhatIsSaidOfTheRevisionThatItRead) {
  body_ = kSchedule;
  EXPECT_EQ(run({"schedule", "update", "n", "--expression", "rate(2 days)", "--input", "",
                 "--start", "2026-12-01T00:00:00"}),
            "Schedule n updated; next run 2026-11-27T09:00:00+01:00.\n");
  EXPECT_EQ(asked_, R"(PUT /proa/v1/schedules/n {)"
                    R"("function":"arn:aws:lambda:us-east-1:000000000000:function:f:live",)"
                    R"j("expression":"rate(2 days)","timezone":"Europe/Berlin","revision":4,)j"
                    R"("enabled":true,"missed":"skip","end":"2027-01-01T00:00:00+01:00",)"
                    R"("start":"2026-12-01T00:00:00"})");
}

TEST_F(ScheduleVerbsTest, EnableAndDisableChangeNothingElse) {
  body_ = kSchedule;
  EXPECT_NE(run({"schedule", "disable", "n"}).find("Schedule n disabled"), std::string::npos);
  EXPECT_NE(asked_.find(R"("enabled":false)"), std::string::npos) << asked_;
  EXPECT_NE(asked_.find(R"("input":"{}")"), std::string::npos) << asked_;
  run({"schedule", "enable", "n"});
  EXPECT_NE(asked_.find(R"("enabled":true)"), std::string::npos) << asked_;
}

TEST_F(ScheduleVerbsTest, ListIsATable) {
  body_ = std::string(R"({"schedules":[)") + kSchedule + "]}";
  EXPECT_EQ(run({"schedule", "list"}),
            "NAME  STATE   NEXT RUN                   LAST RUN                   MISSED  FUNCTION  "
            "EXPRESSION\n"
            "n     active  2026-11-27T09:00:00+01:00  2026-11-26T09:00:00+01:00       2  f:live    "
            "cron(0 9 * * ? *)\n");
  body_ = R"({"schedules":[]})";
  EXPECT_NE(run({"schedule", "list"}).find("No schedules. Make one: "), std::string::npos);
  EXPECT_EQ(run({"schedule", "list", "--json"}), "{\n  \"schedules\": []\n}\n");
}

TEST_F(ScheduleVerbsTest, ShowTellsAll) {
  body_ = kSchedule;
  EXPECT_EQ(run({"schedule", "show", "n"}),
            "schedule      n\n"
            "state         active\n"
            "function      arn:aws:lambda:us-east-1:000000000000:function:f:live\n"
            "expression    cron(0 9 * * ? *) in Europe/Berlin\n"
            "end           2027-01-01T00:00:00+01:00\n"
            "input         {}\n"
            "next run      2026-11-27T09:00:00+01:00\n"
            "last run      2026-11-26T09:00:00+01:00 (request r)\n"
            "runs          3, failed 1, missed 2 (skip)\n"
            "missed runs, the latest first:\n"
            "  2026-11-25T09:00:00+01:00\n");
}

TEST_F(ScheduleVerbsTest, DeleteAndRun) {
  status_ = 204;
  body_ = "";
  EXPECT_EQ(run({"schedule", "delete", "n"}), "Schedule n deleted.\n");
  EXPECT_EQ(asked_, "DELETE /proa/v1/schedules/n ");
  status_ = 202;
  body_ = R"({"request_id":"r"})";
  EXPECT_EQ(run({"schedule", "run", "n"}), "A run of n is on the queue: request r.\n");
  EXPECT_EQ(asked_, "POST /proa/v1/schedules/n/run ");
  status_ = 404;
  body_ = R"({"Message":"There is no schedule n"})";
  EXPECT_EQ(run({"schedule", "show", "n"}), "error: There is no schedule n");
  EXPECT_EQ(code_, 4);
}

TEST_F(ScheduleVerbsTest, NextNeedsNoDaemon) {
  around_.endpoint = "http://127.0.0.1:1";
  EXPECT_EQ(run({"schedule", "next", "cron(30 2 * * ? *)", "--timezone", "Europe/Berlin", "--from",
                 "2026-03-28T00:00:00", "--count", "2"}),
            "2026-03-28T02:30:00+01:00\n2026-03-30T02:30:00+02:00\n");
  EXPECT_EQ(run({"schedule", "next", "rate(1 hour)", "--from", "2026-03-28T00:00:00"}),
            "2026-03-28T00:00:00+00:00\n2026-03-28T01:00:00+00:00\n2026-03-28T02:00:00+00:00\n"
            "2026-03-28T03:00:00+00:00\n2026-03-28T04:00:00+00:00\n");
  EXPECT_EQ(run({"schedule", "next", "at(2020-01-01T00:00:00)"}),
            "at(2020-01-01T00:00:00) does not come any more.\n");
  EXPECT_EQ(run({"schedule", "next", "at(2020-01-01T00:00:00)", "--json"}),
            "{\n  \"times\": []\n}\n");
  run({"schedule", "next", "cron(61 * * * ? *)"});
  EXPECT_EQ(code_, 2);
  EXPECT_NE(noted_.find("field minutes"), std::string::npos) << noted_;
}

TEST_F(ScheduleVerbsTest, NamesAndPoliciesAreCompleted) {
  body_ = R"({"schedules":[{"name":"nightly"},{"name":"noon"},{"name":"other"}]})";
  EXPECT_EQ(run({"complete", "--", "schedule", "show", "n"}), "nightly\nnoon\n");
  EXPECT_EQ(run({"complete", "--", "schedule", "create", "n", "rate(1 day)", "--missed", "r"}),
            "run-once\n");
}

}  // namespace
}  // namespace proa::cli
