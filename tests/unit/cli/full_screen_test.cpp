#include "cli/full_screen.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

namespace proa::cli {
namespace {

/// A terminal of 10 rows in place of standard input and output, for the time of a test.
class FullScreenTest : public ::testing::Test {
 protected:
  FullScreenTest() {
    winsize size{};
    size.ws_row = 10;
    size.ws_col = 40;
    EXPECT_EQ(::openpty(&main_, &terminal_, nullptr, nullptr, &size), 0);
    ::fcntl(main_, F_SETFL, O_NONBLOCK);
    std::fflush(stdout);  // what the test program has printed is not for this terminal
    in_ = ::dup(STDIN_FILENO);
    out_ = ::dup(STDOUT_FILENO);
    ::dup2(terminal_, STDIN_FILENO);
    ::dup2(terminal_, STDOUT_FILENO);
    ::tcgetattr(terminal_, &before_);
  }
  ~FullScreenTest() override {
    std::fflush(stdout);
    ::dup2(in_, STDIN_FILENO);
    ::dup2(out_, STDOUT_FILENO);
    for (const int fd : {in_, out_, main_, terminal_}) ::close(fd);
  }
  /// What the terminal shows until `wanted` is in it, or for ten seconds: the kernel hands it over
  /// from a thread of its own.
  std::string shown(std::string_view wanted) const {
    std::string text;
    while (text.find(wanted) == text.npos) {
      pollfd ready{main_, POLLIN, 0};
      if (::poll(&ready, 1, 10'000) != 1) break;
      std::array<char, 4096> bytes{};
      const ssize_t count = ::read(main_, bytes.data(), bytes.size());
      if (count <= 0) break;
      text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return text;
  }
  bool is_as_before() const {
    termios now{};
    ::tcgetattr(terminal_, &now);
    return now.c_lflag == before_.c_lflag;
  }
  int main_ = -1;
  int terminal_ = -1;
  int in_ = -1;
  int out_ = -1;
  termios before_{};
};

TEST_F(FullScreenTest, TakesTheTerminalAndGivesItBack) {
  {
    auto screen = FullScreen::open();
    ASSERT_TRUE(screen);
    EXPECT_FALSE(is_as_before());
    EXPECT_EQ(screen.value()->rows(), 10U);
    EXPECT_EQ(screen.value()->columns(), 40U);
    screen.value()->show({"first", "second"});
    const std::string text = shown("second");
    EXPECT_TRUE(text.starts_with("\x1b[?1049h")) << text;
    EXPECT_NE(text.find("first\x1b[K"), std::string::npos);
  }
  EXPECT_TRUE(is_as_before());
  EXPECT_NE(shown("\x1b[?1049l").find("\x1b[?1049l"), std::string::npos);
}

TEST_F(FullScreenTest, AKeyOrAnotherSizeEndsAWait) {
  auto screen = FullScreen::open();
  ASSERT_TRUE(screen);
  EXPECT_FALSE(screen.value()->wait(std::chrono::milliseconds(1)).key);
  ASSERT_EQ(::write(main_, "q", 1), 1);
  EXPECT_EQ(screen.value()->wait(std::chrono::seconds(10)).key, 'q');
  ::raise(SIGWINCH);
  EXPECT_TRUE(screen.value()->wait(std::chrono::seconds(10)).is_resized);
}

TEST_F(FullScreenTest, ASignalGivesItBackAndEndsTheProgram) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto screen = FullScreen::open();
    if (!screen) ::_exit(1);
    ::kill(::getpid(), SIGTERM);
    for (;;) ::pause();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  EXPECT_TRUE(is_as_before());
  EXPECT_NE(shown("\x1b[?1049l").find("\x1b[?1049l"), std::string::npos);
}

TEST(FullScreen, APipeIsNoTerminal) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int out = ::dup(STDOUT_FILENO);
  ::dup2(ends[1], STDOUT_FILENO);
  const auto screen = FullScreen::open();
  ::dup2(out, STDOUT_FILENO);
  for (const int fd : {ends[0], ends[1], out}) ::close(fd);
  ASSERT_FALSE(screen);
  EXPECT_EQ(screen.error().code(), Errc::unsupported);
}

}  // namespace
}  // namespace proa::cli
