#include "environment/output.h"

#include "os/seqpacket.h"
#include "support/fake_log_writer.h"

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace proa::environment {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  void print(std::string_view text) const {
    EXPECT_EQ(::write(write.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  os::UniqueFd read;
  os::UniqueFd write;
};

class OutputTest : public testing::Test {
 protected:
  void settle() {
    io_.restart();
    while (io_.poll() > 0) io_.restart();
  }
  /// From now on lines are of a function's stream.
  void log_lines() {
    auto function = std::make_shared<model::FunctionVersion>();
    function->name = "f";
    output_.set_stream(
        logs::make_stream(std::move(function), "00112233445566778899aabbccddeeff", WallTime()));
  }
  boost::asio::io_context io_;
  logs::FakeLogWriter log_;
  OutputCapture output_{io_.get_executor(), &log_};
};

TEST_F(OutputTest, WhatWasPrintedBeforeTheAnswerIsThere) {
  Pipe pipe;
  output_.attach(std::move(pipe.read));
  pipe.print("one\ntwo");
  output_.drain();
  output_.add_platform_line("END\n");
  EXPECT_EQ(output_.take_tail(), "one\ntwo\nEND\n");
  EXPECT_EQ(output_.take_tail(), "");
}

// What a machine's end of the output holds is more than a pipe does.
TEST_F(OutputTest, AllThatASocketHoldsIsThereToo) {
  constexpr std::size_t kHeld = 150'000;
  auto pair = std::move(os::stream_pair().value());
  output_.attach(std::move(pair.first));
  log_lines();
  const std::string text(kHeld, 'x');
  ASSERT_EQ(::send(pair.second.get(), text.data(), text.size(), MSG_DONTWAIT),
            static_cast<ssize_t>(kHeld));
  output_.drain();
  EXPECT_EQ(log_.entries, (std::vector<std::string>{"output " + text}));
}

TEST_F(OutputTest, OutputIsReadWithoutBeingAskedFor) {
  Pipe pipe;
  output_.attach(std::move(pipe.read));
  pipe.print("alone");
  settle();
  EXPECT_EQ(output_.take_tail(), "alone");
}

TEST_F(OutputTest, KeepsTheLastFourKibibytesOfHoweverMuch) {
  Pipe pipe;
  output_.attach(std::move(pipe.read));
  for (int i = 0; i < 300; ++i) {
    pipe.print(std::string(1000, 'x'));
    if (i % 20 == 0) output_.drain();
  }
  pipe.print("end");
  output_.drain();
  const std::string tail = output_.take_tail();
  EXPECT_EQ(tail.size(), OutputCapture::kTailSize);
  EXPECT_TRUE(tail.ends_with("xend"));
}

TEST_F(OutputTest, WhatAnEarlierProcessPrintedStays) {
  Pipe first;
  output_.attach(std::move(first.read));
  first.print("first\n");
  Pipe second;
  output_.attach(std::move(second.read));
  second.print("second\n");
  output_.drain();
  EXPECT_EQ(output_.take_tail(), "first\nsecond\n");
}

TEST_F(OutputTest, TheEndOfAPipeIsNoError) {
  Pipe pipe;
  output_.attach(std::move(pipe.read));
  pipe.print("last words");
  pipe.write.reset();
  settle();
  output_.drain();
  EXPECT_EQ(output_.take_tail(), "last words");
}

TEST_F(OutputTest, AfterCloseNothingIsTaken) {
  Pipe pipe;
  output_.attach(std::move(pipe.read));
  output_.close();
  output_.drain();
  settle();
  EXPECT_EQ(output_.take_tail(), "");
}

TEST_F(OutputTest, LinesGoIntoTheLogWithTheCallThatRan) {
  Pipe pipe;
  output_.attach(std::move(pipe.read));
  pipe.print("of the interpreter\n");
  output_.drain();
  EXPECT_TRUE(log_.entries.empty());
  log_lines();
  const auto request = logs::parse_request_id("11111111-2222-4333-8444-555555555555");
  output_.set_request(request);
  pipe.print("one\n\ntw");
  settle();
  pipe.print("o\nhalf");
  settle();
  EXPECT_EQ(log_.entries, (std::vector<std::string>{"output one", "output ", "output two"}));
  output_.drain();  // the call ends, and its last line with it
  EXPECT_EQ(log_.entries.back(), "output half");
  EXPECT_EQ(log_.requests.back(), request);
}

TEST_F(OutputTest, ALineLongerThanAnEventGoesOnInAnother) {
  Pipe pipe;
  ::fcntl(pipe.write.get(), F_SETPIPE_SZ, 1 << 20);
  output_.attach(std::move(pipe.read));
  log_lines();
  pipe.print(std::string(logs::kMessageMax + 10, 'x') + "\n");
  settle();
  ASSERT_EQ(log_.entries.size(), 2U);
  EXPECT_EQ(log_.entries[0].size(), std::string("output ").size() + logs::kMessageMax);
  EXPECT_EQ(log_.entries[1], "output xxxxxxxxxx");
}

TEST_F(OutputTest, WhoPrintsWaitsForALogThatCannotFollow) {
  Pipe pipe;
  ::fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK);
  output_.attach(std::move(pipe.read));
  log_lines();
  pipe.print("first\n");
  settle();
  log_.congested = true;
  pipe.print("second\n");
  settle();
  EXPECT_EQ(log_.entries, (std::vector<std::string>{"output first"}));
  const std::string full(64 * 1024, 'x');
  (void)::write(pipe.write.get(), full.data(), full.size());
  EXPECT_EQ(::write(pipe.write.get(), "x", 1), -1);
  EXPECT_EQ(errno, EAGAIN);
  ASSERT_TRUE(log_.waiting);
  std::exchange(log_.waiting, nullptr)();  // others were told as well, and were faster
  settle();
  EXPECT_EQ(log_.entries.size(), 1U);
  log_.congested = false;
  ASSERT_TRUE(log_.waiting);
  log_.waiting();
  settle();
  ASSERT_GE(log_.entries.size(), 2U);
  EXPECT_EQ(log_.entries[1], "output second");
}

}  // namespace
}  // namespace proa::environment
