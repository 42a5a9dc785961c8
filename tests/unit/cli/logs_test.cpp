#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

/// `proa logs` against answers in a row.
class LogsTest : public CliDaemonTest {
 protected:
  static std::string page(const std::string& messages, const std::string& more) {
    std::string events;
    for (const char c : messages) {
      events += std::string(events.empty() ? "" : ",") + R"({"time":"T","stream":"s","message":")" +
                c + "\"}";
    }
    return R"({"group":"g","has_logged":true,"events":[)" + events + "]" + more + "}";
  }
};

TEST_F(LogsTest, TheLastEventsInTheirOrder) {
  bodies_ = {page("cd", R"(,"next":"4","previous":"3")"), page("ab", R"(,"next":"2")")};
  run({"logs", "f"});
  EXPECT_EQ(printed_, "T a\nT b\nT c\nT d\n");
  EXPECT_EQ(asked_, "GET /proa/v1/logs?function=f&last=98&before=3 ");
  EXPECT_EQ(noted_, "");
}

TEST_F(LogsTest, AllSinceATime) {
  bodies_ = {page("ab", R"(,"next":"2","is_end":false)"),
             page("c", R"(,"next":"3","is_end":true)")};
  run({"logs", "f", "--since", "10m", "--filter", "a b", "--request-id", "r", "--stream", "s",
       "--json"});
  EXPECT_EQ(printed_,
            "{\"time\":\"T\",\"stream\":\"s\",\"message\":\"a\"}\n"
            "{\"time\":\"T\",\"stream\":\"s\",\"message\":\"b\"}\n"
            "{\"time\":\"T\",\"stream\":\"s\",\"message\":\"c\"}\n");
  EXPECT_EQ(asked_,
            "GET /proa/v1/logs?function=f&request_id=r&stream=s&filter=a%20b&since=10m&after=2 ");
}

TEST_F(LogsTest, FollowingGoesOnUntilNobodyReads) {
  bodies_ = {page("a", R"(,"next":"1")"), page("", R"(,"next":"1","is_end":true)"),
             page("b", R"(,"next":"2","is_end":true)"), page("c", R"(,"next":"3","is_end":true)")};
  readers_patience_ = 3;
  run({"logs", "f", "-f", "-n", "1"});
  EXPECT_EQ(printed_, "T a\nT b\nT c\n");
  EXPECT_EQ(asked_, "GET /proa/v1/logs?function=f&after=2&wait_s=5 ");
}

TEST_F(LogsTest, AFunctionThatNeverLoggedIsSaidSo) {
  body_ = R"({"group":"g","has_logged":false,"events":[],"next":"","is_end":true})";
  run({"logs", "f"});
  EXPECT_EQ(noted_, "f has not logged anything yet.\n");
  bodies_ = {body_, page("a", R"(,"next":"1","is_end":true)")};
  readers_patience_ = 1;
  run({"logs", "f", "--follow", "--since", "1h"});
  EXPECT_EQ(noted_, "f has not logged anything yet; waiting for it.\n");
  EXPECT_EQ(asked_, "GET /proa/v1/logs?function=f&since=1h&wait_s=5 ");
}

TEST_F(LogsTest, NothingThatMatchesIsSaidSo) {
  body_ = page("", R"(,"next":"","is_end":true)");
  run({"logs", "f", "--filter", "x"});
  EXPECT_EQ(noted_, "No events match.\n");
}

TEST_F(LogsTest, RefusalsAreErrors) {
  status_ = 404;
  body_ = R"({"Message":"Function not found: f"})";
  EXPECT_EQ(run({"logs", "f"}), "error: Function not found: f");
}

}  // namespace
}  // namespace proa::cli
