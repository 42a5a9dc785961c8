#include "api/trace_id.h"

#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class TraceIdTest : public ApiTest {
 protected:
  TraceIdTest() { catalog_.put("f"); }
  std::string trace_of(const HeaderList& headers) {
    send("POST", "/2015-03-31/functions/f/invocations", "{}", headers);
    return dispatcher_.invocation->trace_id;
  }
};

TEST_F(TraceIdTest, IsTheCallersWhereItHasOne) {
  const std::string theirs = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
  EXPECT_EQ(trace_of({{"X-Amzn-Trace-Id", theirs}}), theirs);
  EXPECT_EQ(trace_of({{"traceparent", "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"}}),
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
}

TEST_F(TraceIdTest, IsNewForWhatCannotBeOne) {
  for (const std::string& given : {std::string(), std::string(257, 'a'), std::string("caf\xE9")}) {
    const std::string trace = trace_of({{"X-Amzn-Trace-Id", given}});
    EXPECT_TRUE(trace.starts_with("Root=1-677485")) << trace << ": the time, in hex";
    EXPECT_TRUE(trace.ends_with(";Sampled=0")) << trace;
  }
  const std::string twice = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
  const std::string trace = trace_of({{"traceparent", twice}, {"traceparent", twice}});
  EXPECT_TRUE(trace.starts_with("Root=1-677485")) << trace;
}

}  // namespace
}  // namespace proa::api
