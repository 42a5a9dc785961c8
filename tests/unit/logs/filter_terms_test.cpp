#include "unit/logs/filter_cases.h"

namespace proa::logs {
namespace {

// The examples of AWS's page, with the answers it gives.

TEST(FilterTerms, AllOfThemMustBeThere) {
  EXPECT_TRUE(takes("ERROR", "[ERROR 400] BAD REQUEST"));
  EXPECT_FALSE(takes("ERROR", "[error 400] bad request"));
  EXPECT_TRUE(takes("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS"));
  EXPECT_FALSE(takes("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST"));
}

TEST(FilterTerms, OneOfThoseWithAQuestionMark) {
  EXPECT_TRUE(takes("?ERROR ?ARGUMENTS", "[ERROR 400] BAD REQUEST"));
  EXPECT_TRUE(takes("?ERROR ?ARGUMENTS", "[INFO] INVALID ARGUMENTS PROVIDED"));
  EXPECT_FALSE(takes("?ERROR ?ARGUMENTS", "[INFO 200] OK"));
  EXPECT_TRUE(takes("?ERROR ?ARGUMENTS REQUEST", "[INFO] REQUEST FAILED"));
  EXPECT_FALSE(takes("?ERROR ?ARGUMENTS REQUEST", "[ERROR] MISSING ARGUMENTS"));
}

TEST(FilterTerms, PhrasesAreTakenAsTheyStand) {
  EXPECT_TRUE(takes(R"("INTERNAL SERVER ERROR")", "[ERROR 500] INTERNAL SERVER ERROR"));
  EXPECT_FALSE(takes(R"("INTERNAL SERVER ERROR")", "INTERNAL  SERVER ERROR"));
  EXPECT_TRUE(takes(R"("[ERROR]" Exception)", "[ERROR] Unhandled: InvalidQueryException"));
  EXPECT_TRUE(takes(R"("say \"hi\"")", R"(they say "hi")"));
  EXPECT_TRUE(takes(R"("a\\b")", R"(x a\b)"));
  EXPECT_TRUE(takes(R"("   ")", "everything"));
}

TEST(FilterTerms, NoneOfThoseWithAMinus) {
  EXPECT_TRUE(takes("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST"));
  EXPECT_FALSE(takes("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS"));
  EXPECT_TRUE(takes("-\"BAD REQUEST\"", "[ERROR 419] MISSING ARGUMENTS"));
  EXPECT_FALSE(takes("-\"BAD REQUEST\"", "[ERROR 400] BAD REQUEST"));
  EXPECT_FALSE(takes("-%4[0-9]+%", "[ERROR 400] BAD REQUEST"));
}

TEST(FilterTerms, RegularExpressions) {
  EXPECT_TRUE(takes("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST"));
  EXPECT_FALSE(takes("%^[hc]at%", "a hat"));
  EXPECT_TRUE(takes("%colou?r%", "colour"));
  EXPECT_FALSE(takes("%^a{3,5}$%", "aa"));
  EXPECT_TRUE(takes("%^starting|^initializing|^shutting down%", "shutting down now"));
  EXPECT_TRUE(takes("%\\[.\\]%", "value [7] here"));
  EXPECT_TRUE(takes("%\\x3A%", "key:value"));
  EXPECT_FALSE(takes("%10\\.10\\.0\\.1%", "from 10010,051"));
  EXPECT_TRUE(takes("ERROR %\\d\\s[A-Z]+%", "[ERROR 7 BAD]"));
}

TEST(FilterTerms, SayWhatNeedsQuotes) {
  const std::string hint = ": terms with others than letters, digits and _ stand in double quotes";
  EXPECT_EQ(defect("time:out"), "Invalid character(s) in term ':'" + hint);
  EXPECT_EQ(defect("a (b)"), "Invalid character(s) in term '('" + hint);
  EXPECT_EQ(defect("ERR*"), "Invalid character(s) in term '*'" + hint);
  EXPECT_EQ(defect("grün_2"), "(none)");
  EXPECT_EQ(defect("? a"), "Invalid filter pattern: there is no term behind '?' or '-' at ' a'");
}

}  // namespace
}  // namespace proa::logs
