// A monitor's other end is the test's. A real QEMU's: tests/compat/test_microvm.py.
#include "sandbox/microvm/monitor.h"

#include "os/seqpacket.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>

namespace proa::sandbox {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Kind = MonitorNews::Kind;

TEST(MonitorLine, SaysWhetherTheTransferIsDone) {
  const std::string event = R"({"timestamp": {"seconds": 1}, "event": "MIGRATION", "data": )";
  EXPECT_EQ(read_monitor_line(event + R"({"status": "completed"}})").kind, Kind::done);
  EXPECT_EQ(read_monitor_line(event + R"({"status": "failed"}})").kind, Kind::failed);
  EXPECT_EQ(read_monitor_line(event + R"({"status": "active"}})").kind, Kind::nothing);
  EXPECT_EQ(read_monitor_line(event + "7}").kind, Kind::nothing);
  EXPECT_EQ(read_monitor_line(R"({"QMP": {"version": {}}})").kind, Kind::nothing);
  EXPECT_EQ(read_monitor_line(R"({"return": {}})").kind, Kind::nothing);
  EXPECT_EQ(read_monitor_line(R"({"event": "STOP"})").kind, Kind::nothing);
  EXPECT_EQ(read_monitor_line(R"({"return": {}, "id": "inserted"})").kind, Kind::done);
  EXPECT_EQ(read_monitor_line(R"({"return": {}, "id": 7})").kind, Kind::nothing);
  EXPECT_EQ(read_monitor_line(R"({"error": {"desc": "no"}, "id": "inserted"})").kind, Kind::failed);
}

TEST(MonitorLine, GivesTheReasonOfAFailureAndNoMoreOfIt) {
  const auto refused = read_monitor_line(R"({"error": {"class": "x", "desc": "no such fd"}})");
  EXPECT_EQ(refused.kind, Kind::failed);
  EXPECT_EQ(refused.reason, "no such fd");
  const auto long_one =
      read_monitor_line(R"({"error": {"desc": ")" + std::string(2000, 'x') + R"("}})");
  EXPECT_EQ(long_one.reason.size(), 500U);
  EXPECT_EQ(read_monitor_line("no JSON").kind, Kind::failed);
  EXPECT_EQ(read_monitor_line("[1]").kind, Kind::failed);
}

class MonitorTest : public testing::Test {
 protected:
  MonitorTest() {
    auto ends = os::stream_pair();
    qemu_ = std::move(ends.value().second);
    monitor_ = std::move(Monitor::adopt(io_.get_executor(), std::move(ends.value().first)).value());
  }
  ~MonitorTest() override {
    monitor_->close();
    asio::co_spawn(io_, monitor_->join(), asio::detached);
    io_.restart();
    io_.run();
  }
  void begin_save(std::chrono::milliseconds limit = 10s) {
    asio::co_spawn(
        io_,
        [](MonitorTest& test, SteadyTime deadline) -> asio::awaitable<void> {
          test.outcome_ = co_await test.monitor_->save(STDIN_FILENO, deadline);
        }(*this, std::chrono::steady_clock::now() + limit),
        asio::detached);
    run();
  }
  void begin_insert(const char* disk) {
    outcome_.reset();
    asio::co_spawn(
        io_,
        [](MonitorTest& test, const char* name) -> asio::awaitable<void> {
          test.outcome_ = co_await test.monitor_->insert(
              name, STDIN_FILENO, std::chrono::steady_clock::now() + std::chrono::seconds(10));
        }(*this, disk),
        asio::detached);
    run();
  }
  void run() {
    io_.restart();
    io_.poll();
  }
  void qemu_says(const std::string& text) {
    ASSERT_EQ(::send(qemu_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    run();
  }

  asio::io_context io_;
  os::UniqueFd qemu_;
  std::unique_ptr<Monitor> monitor_;
  std::optional<Result<void>> outcome_;
};

TEST_F(MonitorTest, SendsWhatATransferTakesWithItsFile) {
  begin_save();
  const auto heard = os::receive_message(qemu_.get());
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard.value().fds.size(), 1U);
  EXPECT_TRUE(heard.value().bytes.starts_with(R"({"execute":"qmp_capabilities"})"));
  EXPECT_THAT(heard.value().bytes, testing::HasSubstr(R"("uri":"fd:state")"));
  EXPECT_FALSE(outcome_);
  // In pieces, as a socket may give it.
  qemu_says("{\"QMP\": {}}\r\n{\"return\": {}}\r\n{\"event\": \"MIGRA");
  EXPECT_FALSE(outcome_);
  qemu_says("TION\", \"data\": {\"status\": \"completed\"}}\r\n");
  ASSERT_TRUE(outcome_);
  EXPECT_TRUE(*outcome_);
}

TEST_F(MonitorTest, ADiskGetsItsImageAndTheNextOneAnotherSet) {
  for (const char* const words : {R"("fdset-id":101)", R"("fdset-id":102)"}) {
    begin_insert("code");
    const auto heard = os::receive_message(qemu_.get());
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard.value().fds.size(), 1U);
    EXPECT_THAT(heard.value().bytes, testing::HasSubstr(words));
    EXPECT_THAT(heard.value().bytes, testing::HasSubstr(R"("node-name":"code","read-only":true)"));
    qemu_says("{\"return\": {\"fd\": 9}}\n{\"return\": {}}\n");
    EXPECT_FALSE(outcome_);
    qemu_says("{\"return\": {}, \"id\": \"inserted\"}\n");
    ASSERT_TRUE(outcome_);
    EXPECT_TRUE(*outcome_);
  }
}

TEST_F(MonitorTest, ADiskOfAMachineThatHasEndedGetsNone) {
  qemu_.reset();
  run();
  begin_insert("code");
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error().message(), "a guest's disk: its monitor is closed");
}

TEST_F(MonitorTest, AFailureIsTold) {
  begin_save();
  qemu_says("{\"error\": {\"desc\": \"no space\"}}\n");
  ASSERT_TRUE(outcome_);
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().code(), Errc::unavailable);
  EXPECT_EQ(outcome_->error().message(), "a guest's state: no space");
}

TEST_F(MonitorTest, AFailureWithoutAReasonIsOneAllTheSame) {
  for (const char* const error : {"{}", R"({"desc": ""})", R"({"desc": 7})"}) {
    outcome_.reset();
    begin_save();
    qemu_says("{\"error\": " + std::string(error) + "}\n");
    ASSERT_TRUE(outcome_);
    ASSERT_FALSE(*outcome_) << error;
    EXPECT_EQ(outcome_->error().message(), "a guest's state: its monitor does not say why");
  }
}

TEST_F(MonitorTest, TheEndOfQemuIsOneAndSoIsAFlood) {
  begin_save();
  qemu_.reset();
  run();
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error().message(), "a guest's state: its monitor is closed");
}

TEST_F(MonitorTest, ALineWithoutAnEndIsNotKept) {
  begin_save();
  qemu_says(std::string(20'000, 'x'));
  ASSERT_TRUE(outcome_);
  EXPECT_FALSE(*outcome_);
}

TEST_F(MonitorTest, SilenceHasALimit) {
  begin_save(10ms);
  io_.restart();
  io_.run_for(2s);
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error().code(), Errc::deadline);
}

}  // namespace
}  // namespace proa::sandbox
