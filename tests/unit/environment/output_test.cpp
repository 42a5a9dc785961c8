#include "environment/output.h"

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

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
  boost::asio::io_context io_;
  OutputCapture output_{io_.get_executor()};
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

}  // namespace
}  // namespace proa::environment
