#include "unit/api/fakes.h"

namespace proa::api {
namespace {

constexpr const char* kPut = "/2017-10-31/functions/f/concurrency";
constexpr const char* kGet = "/2019-09-30/functions/f/concurrency";

class ReservedConcurrencyTest : public ApiTest {
 protected:
  ReservedConcurrencyTest() { catalog_.put("f"); }
};

TEST_F(ReservedConcurrencyTest, IsSetReadAndRemoved) {
  EXPECT_EQ(send("GET", kGet).body, "{}");
  const auto put = send("PUT", kPut, R"({"ReservedConcurrentExecutions": 7})");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.body, R"({"ReservedConcurrentExecutions":7})");
  EXPECT_EQ(send("GET", kGet).body, R"({"ReservedConcurrentExecutions":7})");
  const auto removed = send("DELETE", kPut);
  EXPECT_EQ(removed.status, 204);
  EXPECT_EQ(removed.body, "");
  EXPECT_EQ(send("GET", kGet).body, "{}");
}

TEST_F(ReservedConcurrencyTest, NoneAtAllIsSomethingElseThanZero) {
  send("PUT", kPut, R"({"ReservedConcurrentExecutions": 0})");
  EXPECT_EQ(send("GET", kGet).body, R"({"ReservedConcurrentExecutions":0})");
}

TEST_F(ReservedConcurrencyTest, NeedsANumberThatIsNotNegative) {
  EXPECT_EQ(failure(send("PUT", kPut, "{}")),
            "400 ValidationException message=1 validation error detected: Value null at "
            "'reservedConcurrentExecutions' failed to satisfy constraint: Member must not be null");
  EXPECT_EQ(failure(send("PUT", kPut, R"({"ReservedConcurrentExecutions": -1})")),
            "400 ValidationException message=1 validation error detected: Value '-1' at "
            "'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value "
            "greater than or equal to 0");
  EXPECT_TRUE(failure(send("PUT", kPut, R"({"ReservedConcurrentExecutions": "7"})"))
                  .starts_with("400 SerializationException"));
}

TEST_F(ReservedConcurrencyTest, BelongsToTheWholeFunction) {
  const std::string refused =
      "400 InvalidParameterValueException User message=This operation is permitted on Lambda "
      "functions only. Aliases and versions do not support this operation. Please specify either "
      "a function name or an unqualified function ARN.";
  const std::string body = R"({"ReservedConcurrentExecutions": 7})";
  EXPECT_EQ(failure(send("PUT", "/2017-10-31/functions/f%3A1/concurrency", body)), refused);
  EXPECT_EQ(failure(send("GET", "/2019-09-30/functions/f%3Alive/concurrency")), refused);
  EXPECT_EQ(failure(send("DELETE", "/2017-10-31/functions/f%3A%24LATEST/concurrency")), refused);
}

TEST_F(ReservedConcurrencyTest, UnknownFunctionsAreNotFound) {
  const std::string missing =
      "404 ResourceNotFoundException User Message=Function not found: "
      "arn:aws:lambda:us-east-1:000000000000:function:g";
  EXPECT_EQ(failure(send("PUT", "/2017-10-31/functions/g/concurrency",
                         R"({"ReservedConcurrentExecutions": 7})")),
            missing);
  EXPECT_EQ(failure(send("GET", "/2019-09-30/functions/g/concurrency")), missing);
  EXPECT_EQ(failure(send("DELETE", "/2017-10-31/functions/g/concurrency")), missing);
}

TEST_F(ReservedConcurrencyTest, OldAndNewPathsAreNotMixedUp) {
  EXPECT_EQ(send("GET", kPut).status, 404);
  EXPECT_EQ(send("PUT", kGet, "{}").status, 404);
}

}  // namespace
}  // namespace proa::api
