#include "api/event_config_input.h"

#include <gtest/gtest.h>

namespace proa::api {
namespace {

std::optional<catalog::EventConfigChange> decode(std::string_view body, std::string& problem) {
  Problems problems;
  const auto object = parse_object(body, problems);
  auto change = decode_event_config(Fields(object, problems));
  problem = problems.empty() ? "" : problems.mismatch_text().value_or(problems.text());
  return change;
}

std::string problem_of(std::string_view body) {
  std::string problem;
  decode(body, problem);
  return problem;
}

TEST(EventConfigInput, TakesWhatIsGiven) {
  std::string problem;
  const auto change = decode(
      R"({"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 21600, "DestinationConfig":
          {"OnFailure": {"Destination": "arn:aws:lambda:us-east-1:000000000000:function:g"}}})",
      problem);
  ASSERT_TRUE(change) << problem;
  EXPECT_EQ(change->retries_max, 0U);
  EXPECT_EQ(change->age_max, std::chrono::seconds(21600));
  EXPECT_FALSE(change->on_success);
  EXPECT_EQ(change->on_failure, "arn:aws:lambda:us-east-1:000000000000:function:g");
  EXPECT_EQ(problem, "");
}

TEST(EventConfigInput, ToldApartAreNothingAndAnEmptyDestination) {
  std::string problem;
  EXPECT_FALSE(decode("", problem));
  EXPECT_FALSE(decode(R"({"MaximumRetryAttempts": null, "DestinationConfig": null})", problem));
  auto change = decode(R"({"DestinationConfig": {"OnSuccess": {}}})", problem);
  ASSERT_TRUE(change);
  EXPECT_FALSE(change->on_success);
  change = decode(R"({"DestinationConfig": {"OnSuccess": {"Destination": ""}}})", problem);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->on_success, "");
  EXPECT_EQ(problem, "");
}

TEST(EventConfigInput, RefusesNumbersOutsideTheirRange) {
  const std::string begin = "1 validation error detected: Value ";
  EXPECT_EQ(problem_of(R"({"MaximumRetryAttempts": 3})"),
            begin +
                "'3' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have "
                "value less than or equal to 2");
  EXPECT_EQ(problem_of(R"({"MaximumRetryAttempts": -1})"),
            begin +
                "'-1' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have "
                "value greater than or equal to 0");
  EXPECT_EQ(problem_of(R"({"MaximumEventAgeInSeconds": 59})"),
            begin +
                "'59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must "
                "have value greater than or equal to 60");
  EXPECT_EQ(problem_of(R"({"MaximumEventAgeInSeconds": 21601})"),
            begin +
                "'21601' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must "
                "have value less than or equal to 21600");
}

TEST(EventConfigInput, RefusesWrongTypesAndTextsThatAreNoDestination) {
  EXPECT_EQ(problem_of(R"({"DestinationConfig": []})"),
            "The value of 'DestinationConfig' is not an object");
  EXPECT_EQ(problem_of(R"({"DestinationConfig": {"OnSuccess": "x"}})"),
            "The value of 'OnSuccess' is not an object");
  EXPECT_EQ(problem_of(R"({"DestinationConfig": {"OnFailure": {"Destination": "g"}}})"),
            "1 validation error detected: Value 'g' at 'destinationConfig.onFailure.destination' "
            "failed to satisfy constraint: Member must satisfy regular expression pattern: "
            R"($|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:)"
            R"(([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*))");
  const std::string long_arn = "arn:aws:sqs:us-east-1:000000000000:" + std::string(316, 'q');
  EXPECT_TRUE(
      problem_of(R"({"DestinationConfig": {"OnSuccess": {"Destination": ")" + long_arn + R"("}}})")
          .ends_with("' at 'destinationConfig.onSuccess.destination' failed to satisfy "
                     "constraint: Member must have length less than or equal to 350"));
}

TEST(EventConfigInput, KnowsThePatternOfDestinations) {
  for (const std::string good :
       {"", "arn:aws:lambda:us-east-1:000000000000:function:f", "arn:aws:s3:::bucket",
        "arn:aws-us-gov:sqs:us-gov-west-1:000000000000:q", "arn:aws:x-1:::", "kafka://a",
        "kafka://_topic.1-x"}) {
    EXPECT_TRUE(is_destination(good)) << good;
  }
  for (const std::string bad :
       {"f", "arn:aws:lambda:us-east-1:000000000000", "arn:aws:_-/!lambda:us-east-1:000000000000:f",
        "arn:aws::us-east-1:000000000000:f", "arn:bws:sqs:us-east-1:000000000000:q",
        "arn:aws:sqs:nowhere:000000000000:q", "arn:aws:sqs:us-east-1:123:q",
        "arn:aws:sqs:us-east-1:00000000000x:q", "arn:aws:sqs:us-east-1:000000000000:a\nb",
        "kafka://", "kafka://.topic", "kafka://to pic", "xarn:aws:s3:::b"}) {
    EXPECT_FALSE(is_destination(bad)) << bad;
  }
  EXPECT_TRUE(is_destination("kafka://" + std::string(249, 't')));
  EXPECT_FALSE(is_destination("kafka://" + std::string(250, 't')));
}

}  // namespace
}  // namespace proa::api
