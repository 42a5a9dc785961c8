#include "http/http.h"

#include <gtest/gtest.h>

namespace proa::http {
namespace {

Request request(std::string method, std::string target) {
  Request made;
  made.method = std::move(method);
  made.target = std::move(target);
  EXPECT_TRUE(parse_target(made));
  return made;
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.add("GET", "/functions", 1);
    router_.add("GET", "/functions/{name}", 2);
    router_.add("PUT", "/functions/{name}", 3);
    router_.add("GET", "/layers?find=LayerVersion", 4);
    router_.add("GET", "/layers/", 5);
    router_.add("GET", "/a/{x}/b/{y}", 6);
  }
  int id(std::string method, std::string target) {
    const Request made = request(std::move(method), std::move(target));
    const auto match = router_.find(made);
    return match ? match->id : 0;
  }
  Router router_;
};

TEST_F(RouterTest, MatchesMethodAndLiteralSegments) {
  EXPECT_EQ(id("GET", "/functions"), 1);
  EXPECT_EQ(id("POST", "/functions"), 0);
  EXPECT_EQ(id("GET", "/Functions"), 0);
  EXPECT_EQ(id("GET", "/"), 0);
}

TEST_F(RouterTest, TakesATrailingSlashEverywhere) {
  EXPECT_EQ(id("GET", "/functions/"), 1);
  EXPECT_EQ(id("GET", "/functions/f/"), 2);
  EXPECT_EQ(id("GET", "/layers"), 5);
}

TEST_F(RouterTest, TellsRoutesApartByQuery) {
  EXPECT_EQ(id("GET", "/layers?find=LayerVersion&Arn=x"), 4);
  EXPECT_EQ(id("GET", "/layers?find=Other"), 5);
}

TEST_F(RouterTest, GivesDecodedParameters) {
  const Request made = request("GET", "/a/one%2F1/b/two");
  const auto match = router_.find(made);
  ASSERT_TRUE(match);
  ASSERT_EQ(match->parameters.size(), 2U);
  EXPECT_EQ(match->parameters[0], "one/1");
  EXPECT_EQ(match->parameters[1], "two");
}

TEST_F(RouterTest, AParameterIsNeverEmpty) { EXPECT_EQ(id("GET", "/a//b/y"), 0); }

}  // namespace
}  // namespace proa::http
