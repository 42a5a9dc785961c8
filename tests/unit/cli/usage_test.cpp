#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

/// `proa usage` against answers in a row.
class UsageTest : public CliDaemonTest {
 protected:
  static std::string record(const std::string& function, const std::string& status) {
    return R"({"began":"T","function":")" + function + R"(","status":")" + status +
           R"(","error_type":"a \"b\", c","duration_ms":1.5,"billed_ms":2,"gb_seconds":0.25,)"
           R"("max_memory_bytes":2097152})";
  }
  static std::string page(const std::string& records, const std::string& next, bool is_end) {
    return R"({"records":[)" + records + R"(],"next":")" + next + R"(","is_end":)" +
           (is_end ? "true" : "false") + "}";
  }
};

TEST_F(UsageTest, SumsByFunctionOverAllPages) {
  bodies_ = {page(record("b", "success") + "," + record("a", "timeout"), "1", false),
             page(record("b", "failure"), "2", true)};
  EXPECT_EQ(run({"usage"}),
            "FUNCTION  CALLS  FAILED  MEAN MS  BILLED S      GB-S  MAX MEMORY MIB\n"
            "a             1       1     1.50     0.002  0.250000               2\n"
            "b             2       1     1.50     0.004  0.500000               2\n");
  EXPECT_EQ(asked_, "GET /proa/v1/usage?&after=1 ");
}

TEST_F(UsageTest, ARecordALine) {
  bodies_ = {page(record("f", "success"), "1", true)};
  run({"usage", "f", "--since", "1d", "--until", "1h", "--json"});
  EXPECT_EQ(printed_.find(R"({"began":"T","function":"f")"), 0U);
  EXPECT_TRUE(printed_.ends_with("}\n"));
  EXPECT_EQ(asked_, "GET /proa/v1/usage?&function=f&since=1d&until=1h ");
}

TEST_F(UsageTest, CsvQuotesWhatItMust) {
  bodies_ = {page(record("f", "error"), "1", true)};
  run({"usage", "--csv"});
  EXPECT_EQ(printed_,
            "began,account_id,region,function,version,request_id,status,error_type,duration_ms,"
            "init_ms,billed_ms,memory_mib,max_memory_bytes,gb_seconds,environment_id,start,"
            "runtime,isolation,trace_id\r\n"
            "T,,,f,,,error,\"a \"\"b\"\", c\",1.5,,2,,2097152,0.25,,,,,\r\n");
}

TEST_F(UsageTest, NoCallsAreSaidSo) {
  body_ = page("", "", true);
  EXPECT_EQ(run({"usage"}), "No calls.\n");
}

TEST_F(UsageTest, RefusalsAreErrors) {
  status_ = 400;
  body_ = R"({"Message":"'x' is no time"})";
  EXPECT_NE(run({"usage", "--since", "x"}).find("error: 'x' is no time"), std::string::npos);
}

}  // namespace
}  // namespace proa::cli
