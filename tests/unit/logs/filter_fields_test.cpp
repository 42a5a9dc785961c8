#include "unit/logs/filter_cases.h"

namespace proa::logs {
namespace {

constexpr const char* kAccess =
    R"(127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534)";

TEST(FilterFields, QuotesAndBracketsAreOneField) {
  EXPECT_TRUE(
      takes("[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]", kAccess));
  EXPECT_TRUE(takes(R"([a, b, c, time = "10/Oct/2000:13:25:15 -0700", d, e, f])", kAccess));
  EXPECT_TRUE(takes(R"([..., request = "GET /index.html HTTP/1.0", status, bytes])", kAccess));
}

TEST(FilterFields, AnEllipsisStandsForAnyNumberOfFields) {
  EXPECT_TRUE(takes("[..., request =*.html*, status_code = 4*, bytes]", kAccess));
  EXPECT_TRUE(takes("[ip = 127.*, ..., bytes > 1000]", kAccess));
  EXPECT_FALSE(takes("[ip = 127.*, ..., bytes > 2000]", kAccess));
  EXPECT_TRUE(takes("[ip, user = Prod, ...]", kAccess));
  EXPECT_FALSE(takes("[a, b, c, d, e, f, g, h, ...]", kAccess));
  EXPECT_TRUE(takes("[...]", ""));
}

TEST(FilterFields, TheLastFieldTakesTheRest) {
  EXPECT_TRUE(takes("[w1=ERROR, w2]", "ERROR 09/25/2014 12:00:02 Failed to process request"));
  EXPECT_FALSE(takes("[w1=ERROR, w2]", "INFO 09/25/2014 12:00:00 GET /service 1200"));
  EXPECT_FALSE(takes("[w1=ERROR]", "ERROR it failed"));
  EXPECT_TRUE(takes("[w1, rest = *ess*]", "ERROR Failed to process request"));
  EXPECT_FALSE(takes("[w1=ERROR, w2]", "ERROR"));
  EXPECT_FALSE(takes("[a, b, c, d, e, f, g, h]", kAccess));
}

TEST(FilterFields, ConditionsAreJoined) {
  EXPECT_TRUE(takes("[..., status_code = 404 || status_code = 410, bytes]", kAccess));
  EXPECT_TRUE(takes("[..., status >= 400 && status < 500, bytes]", kAccess));
  EXPECT_TRUE(takes("[w1=ERROR || W1=%WARN%, w2]", "WARNING it bends"));
  EXPECT_FALSE(takes("[w1!=ERROR && w1!=WARNING, w2]", "ERROR it broke"));
  EXPECT_TRUE(takes("[(a = 1 || a = 2) && a != 2, ...]", "1 x"));
}

TEST(FilterFields, OddLines) {
  EXPECT_TRUE(takes("[a, b, c]", "  x \t y  z  "));
  EXPECT_TRUE(takes(R"([a, b = "open to the end"])", R"(x "open to the end)"));
  EXPECT_FALSE(takes("[a]", ""));
  EXPECT_TRUE(takes("[, , c = z]", "x y z"));
}

TEST(FilterFields, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[a, ..., b, ...]", "a second '...'"},
      {"[a, A]", "two fields have the name 'A'"},
      {"[a = ]", "a value was expected"},
      {"[a = 1 ||]", "the name of a field was expected"},
      {"[a, b=x || c=y]", "a condition on another field ('c')"},
      {"[a b]", "an operator"},
      {"[= 1]", "the name of a field was expected"},
      {"[a = 1 b]", "',' was expected between fields"},
      {"[a > x]", "'x' is compared by size and is no number"},
      {"[(a = 1]", "a '(' has no ')'"},
  };
  for (const auto& [pattern, text] : cases) {
    EXPECT_TRUE(defect(pattern).starts_with("Invalid filter pattern: " + text))
        << pattern << ": " << defect(pattern);
  }
}

}  // namespace
}  // namespace proa::logs
