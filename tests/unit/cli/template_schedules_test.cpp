#include "cli/template_schedules.h"

#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

constexpr const char* kThere =
    R"({"function_arn":"arn:aws:lambda:us-east-1:000000000000:function:f",)"
    R"j("expression":"rate(1 day)","timezone":"Europe/Berlin","enabled":true,"missed":"run-once",)j"
    R"("start":"2026-12-01T01:00:00+01:00","revision":3})";

class TemplateSchedulesTest : public CliDaemonTest {
 protected:
  TemplateSchedulesTest() {
    function_.name = "f";
    function_.schedules.emplace_back();
    function_.schedules[0].name = "n";
    function_.schedules[0].expression = "rate(1 day)";
    function_.schedules[0].timezone = "Europe/Berlin";
    function_.schedules[0].start = "2026-12-01T00:00:00Z";
  }
  std::vector<std::string> set() { return set_schedules(around_, function_).value(); }
  templates::TemplateFunction function_;
};

using Changes = std::vector<std::string>;

TEST_F(TemplateSchedulesTest, WhatIsNotThereIsMade) {
  statuses_ = {404, 201};
  EXPECT_EQ(set(), Changes{"schedule n"});
  EXPECT_EQ(asked_, R"j(PUT /proa/v1/schedules/n {"function":"f","expression":"rate(1 day)",)j"
                    R"("timezone":"Europe/Berlin","enabled":true,)"
                    R"("start":"2026-12-01T00:00:00Z"})");
}

TEST_F(TemplateSchedulesTest, WhatIsAsItShallBeIsLeftAlone) {
  body_ = kThere;
  EXPECT_EQ(set(), Changes{});
  EXPECT_EQ(asked_, "GET /proa/v1/schedules/n ");
}

TEST_F(TemplateSchedulesTest, WhatDiffersIsChangedButForWhatTemplatesDoNotSay) {
  function_.schedules[0].input = "1";
  body_ = kThere;
  EXPECT_EQ(set(), Changes{"schedule n"});
  EXPECT_NE(asked_.find(R"("input":"1","start")"), std::string::npos) << asked_;
  EXPECT_NE(asked_.find(R"("missed":"run-once")"), std::string::npos) << asked_;
  function_.schedules[0].input = "";
  function_.name = "g";
  EXPECT_EQ(set(), Changes{"schedule n"});
}

}  // namespace
}  // namespace proa::cli
