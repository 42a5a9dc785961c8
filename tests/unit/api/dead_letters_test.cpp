#include "unit/api/fakes.h"

namespace proa::api {
namespace {

constexpr const char* kDeadLettersPath = "/proa/v1/dead-letters";

class DeadLettersTest : public ApiTest {
 protected:
  void put(std::uint64_t id) {
    dispatch::DeadLetter letter;
    letter.id = id;
    letter.function_arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    letter.request_id = "id-" + std::to_string(id);
    letter.condition = "RetriesExhausted";
    letter.attempts = 3;
    letter.accepted = kNow;
    letter.died = kNow;
    letter.function_error = "Unhandled";
    letter.response = R"({"errorType":"E"})";
    letter.payload = R"({"n":1})";
    events_.letters[id] = letter;
  }
};

TEST_F(DeadLettersTest, AreListedByPages) {
  for (std::uint64_t id = 1; id <= 3; ++id) put(id);
  const auto first = body_of(send("GET", std::string(kDeadLettersPath) + "?MaxItems=2"));
  ASSERT_EQ(first.at("dead_letters").as_array().size(), 2U);
  const auto& letter = first.at("dead_letters").as_array()[0].as_object();
  EXPECT_EQ(letter.at("id").as_int64(), 1);
  EXPECT_EQ(text(letter, "request_id"), "id-1");
  EXPECT_EQ(text(letter, "condition"), "RetriesExhausted");
  EXPECT_EQ(letter.at("attempts").as_int64(), 3);
  EXPECT_EQ(text(letter, "died"), "2025-01-01T00:00:00.123+0000");
  EXPECT_FALSE(letter.contains("payload"));
  const auto rest = body_of(send(
      "GET", std::string(kDeadLettersPath) + "?MaxItems=2&Marker=" + text(first, "next_marker")));
  EXPECT_EQ(rest.at("dead_letters").as_array().size(), 1U);
  EXPECT_FALSE(rest.contains("next_marker"));
}

TEST_F(DeadLettersTest, CanBeThoseOfOneFunction) {
  send("GET", std::string(kDeadLettersPath) + "?FunctionName=f");
  EXPECT_EQ(events_.selection->function, "f");
  EXPECT_EQ(events_.selection->scope.account_id, "000000000000");
}

TEST_F(DeadLettersTest, RefusesBadPages) {
  EXPECT_EQ(send("GET", std::string(kDeadLettersPath) + "?MaxItems=0").status, 400);
  EXPECT_EQ(failure(send("GET", std::string(kDeadLettersPath) + "?Marker=YWJj")),
            "400 InvalidParameterValueException User message=The Marker is not one of "
            "ProaListDeadLetters");
}

TEST_F(DeadLettersTest, AreShownWithWhatWasSentAndAnswered) {
  put(7);
  const auto letter = body_of(send("GET", std::string(kDeadLettersPath) + "/7"));
  EXPECT_EQ(letter.at("payload").at("n").as_int64(), 1);
  EXPECT_EQ(text(letter.at("response").as_object(), "errorType"), "E");
  EXPECT_EQ(failure(send("GET", std::string(kDeadLettersPath) + "/8")),
            "404 ResourceNotFoundException User Message=There is no dead letter 8.");
  EXPECT_EQ(failure(send("GET", std::string(kDeadLettersPath) + "/x")),
            "404 ResourceNotFoundException User Message=There is no dead letter 'x': ids are "
            "numbers");
}

TEST_F(DeadLettersTest, AreRunAgainOrRemoved) {
  put(7);
  put(8);
  EXPECT_EQ(send("POST", std::string(kDeadLettersPath) + "/7/rerun").status, 202);
  EXPECT_EQ(events_.rerun_ids, std::vector<std::uint64_t>{7});
  EXPECT_EQ(send("POST", std::string(kDeadLettersPath) + "/7/rerun").status, 404);
  EXPECT_EQ(send("DELETE", std::string(kDeadLettersPath) + "/8").status, 204);
  EXPECT_EQ(send("DELETE", std::string(kDeadLettersPath) + "/8").status, 404);
}

TEST_F(DeadLettersTest, TakeARightOfTheirOwn) {  // BASE-8
  using identity::Right;
  using identity::Rights;
  make_key(Rights{Right::admin});
  const auto reader = make_key(Rights{Right::logs});
  const auto caller = make_key(Rights{Right::invoke});
  put(7);
  EXPECT_EQ(send_signed(*reader, "GET", std::string(kDeadLettersPath) + "/7").status, 200);
  EXPECT_EQ(send_signed(*caller, "GET", std::string(kDeadLettersPath) + "/7").status, 403);
  EXPECT_EQ(send_signed(*reader, "POST", std::string(kDeadLettersPath) + "/7/rerun").status, 403);
  EXPECT_EQ(send_signed(*caller, "POST", std::string(kDeadLettersPath) + "/7/rerun").status, 202);
}

}  // namespace
}  // namespace proa::api
