#include "cli/screen.h"

#include "os/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): for setenv
#include <sys/ioctl.h>

namespace proa::cli {
namespace {

TEST(Screen, PaintsOnlyWhereThereAreColours) {
  Screen screen;
  EXPECT_EQ(paint(screen, Ink::failure, "x"), "x");
  screen.has_colours = true;
  EXPECT_EQ(paint(screen, Ink::head, "x"), "\x1b[1mx\x1b[0m");
  EXPECT_EQ(paint(screen, Ink::head, ""), "");
}

TEST(Screen, CutsByCharactersNotBytes) {
  EXPECT_EQ(width_of("a\u00e4\u2026"), 3U);
  EXPECT_EQ(cut("\u00e4\u00e4\u00e4", 3), "\u00e4\u00e4\u00e4");
  EXPECT_EQ(cut("\u00e4\u00e4\u00e4\u00e4", 3), "\u00e4\u00e4\u2026");
  EXPECT_EQ(cut("abc", 1), "\u2026");
  EXPECT_EQ(cut("abc", 0), "abc") << "no width is no limit";
}

TEST(Screen, ControlCharactersSteerNoTerminal) {
  EXPECT_EQ(one_line("a\x1b[2Jb\nc\td\x7f"), "a [2Jb c d ");
  EXPECT_EQ(one_line("a\u009b2Jb\u00e4"), "a 2Jb\u00e4");
  EXPECT_EQ(lines_of("a\x1b[2Jb\nc\r\n"), "a [2Jb\nc \n");
}

TEST(Screen, IsATerminalWithItsWidthOrNot) {
  const os::UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_FALSE(screen_of(file.get()).is_terminal);
  EXPECT_EQ(screen_of(file.get()).columns, 0U);
  const os::UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY));
  ASSERT_EQ(::grantpt(master.get()), 0);
  ASSERT_EQ(::unlockpt(master.get()), 0);
  const os::UniqueFd terminal(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  winsize size{};
  size.ws_col = 77;
  ASSERT_EQ(::ioctl(terminal.get(), TIOCSWINSZ, &size), 0);
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  EXPECT_TRUE(screen_of(terminal.get()).has_colours);
  EXPECT_EQ(screen_of(terminal.get()).columns, 77U);
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(screen_of(terminal.get()).has_colours);
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(screen_of(terminal.get()).has_colours);
}

}  // namespace
}  // namespace proa::cli
