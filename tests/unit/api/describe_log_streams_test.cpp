#include "unit/api/fakes.h"

namespace proa::api {
namespace {

class DescribeLogStreamsTest : public ApiTest {
 protected:
  DescribeLogStreamsTest() {
    for (const char* stream : {"c", "a", "b1", "a", "b2"}) logs_.put("g", stream, "x\n");
  }
  /// The names, or the failure; `token` is that of the answer.
  std::string names(const std::string& more) {
    const auto response = send_logs("DescribeLogStreams", R"({"logGroupName":"g")" + more + "}");
    if (response.status != 200) return failure(response);
    std::string all;
    const auto answer = body_of(response);
    for (const auto& stream : answer.at("logStreams").as_array()) {
      all += text(stream.as_object(), "logStreamName") + " ";
    }
    token_ = answer.contains("nextToken") ? text(answer, "nextToken") : "";
    return all;
  }
  std::string token_;
};

TEST_F(DescribeLogStreamsTest, InTheOrderThatIsAskedFor) {
  EXPECT_EQ(names(""), "a b1 b2 c ");
  EXPECT_EQ(names(R"(,"descending":true)"), "c b2 b1 a ");
  EXPECT_EQ(names(R"(,"orderBy":"LastEventTime")"), "c b1 a b2 ");
  EXPECT_EQ(names(R"(,"orderBy":"LastEventTime","descending":true)"), "b2 a b1 c ");
  EXPECT_EQ(names(R"(,"logStreamNamePrefix":"b")"), "b1 b2 ");
  EXPECT_EQ(token_, "");
}

TEST_F(DescribeLogStreamsTest, PageByPage) {
  for (const char* order : {"", R"(,"descending":true)", R"(,"orderBy":"LastEventTime")",
                            R"(,"orderBy":"LastEventTime","descending":true)"}) {
    const std::string whole = names(order);
    std::string all = names(order + std::string(R"(,"limit":1)"));
    for (int page = 0; !token_.empty() && page < 9; ++page) {
      all += names(order + std::string(R"(,"limit":1,"nextToken":")") + token_ + "\"");
    }
    EXPECT_EQ(all, whole);
  }
}

TEST_F(DescribeLogStreamsTest, WhatIsWrong) {
  EXPECT_EQ(names(R"(,"orderBy":"LastEventTime","logStreamNamePrefix":"b")"),
            "400 InvalidParameterException message=Cannot order by LastEventTime with a "
            "logStreamNamePrefix.");
  EXPECT_EQ(names(R"(,"orderBy":"Size")"),
            "400 InvalidParameterException message=1 validation error detected: Value 'Size' at "
            "'orderBy' failed to satisfy constraint: Member must satisfy enum value set: "
            "[LogStreamName, LastEventTime]");
  EXPECT_EQ(names(R"(,"nextToken":"!")"),
            "400 InvalidParameterException message=The specified nextToken is invalid.");
  EXPECT_EQ(failure(send_logs("DescribeLogStreams", R"({"logGroupName":"none"})")),
            "400 ResourceNotFoundException message=The specified log group does not exist.");
}

}  // namespace
}  // namespace proa::api
