#include "cli/full_screen.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace proa::cli {
namespace {

// https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kClearLine = "\x1b[K\r\n";
constexpr std::string_view kClearRest = "\x1b[J";

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  return set;
}

sigset_t ending() { return set_of({SIGINT, SIGTERM, SIGHUP, SIGQUIT}); }
sigset_t resizing() { return set_of({SIGWINCH}); }

/// All of it: a terminal may take it piece by piece. Whoever is gone does not read.
void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

winsize size_now() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
    size.ws_row = 24;
    size.ws_col = 80;
  }
  return size;
}

}  // namespace

Result<std::unique_ptr<FullScreen>> FullScreen::open() {
  termios before{};
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before) == 0;
  if (!is_terminal) {
    return Error(Errc::unsupported, "standard input and output are no terminal");
  }
  std::unique_ptr<FullScreen> screen(new FullScreen(before));
  TRY(screen->take());
  return screen;
}

Result<void> FullScreen::take() {
  const sigset_t ends = ending();
  const sigset_t resizes = resizing();
  ends_.reset(::signalfd(-1, &ends, SFD_CLOEXEC));
  resizes_.reset(::signalfd(-1, &resizes, SFD_CLOEXEC | SFD_NONBLOCK));
  stop_.reset(::eventfd(0, EFD_CLOEXEC));
  if (!ends_ || !resizes_ || !stop_) return os_error("watch signals");
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  ::pthread_sigmask(SIG_BLOCK, &resizes, nullptr);
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VSUSP] = _POSIX_VDISABLE;  // Ctrl-Z would leave the shell with this screen
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  is_taken_ = true;
  if (::tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0) return os_error("set the terminal");
  write_all(kEnter);
  watch_ = std::thread([this] { watch_signals(); });
  return ok();
}

FullScreen::~FullScreen() {
  if (watch_.joinable()) {
    const std::uint64_t one = 1;
    (void)!::write(stop_.get(), &one, sizeof one);
    watch_.join();
  }
  if (!is_taken_) return;
  give_back();
  const sigset_t ends = ending();
  const sigset_t resizes = resizing();
  ::pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
  ::pthread_sigmask(SIG_UNBLOCK, &resizes, nullptr);
}

void FullScreen::give_back() const {
  write_all(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

// The signals are blocked everywhere, so that none ends the program before the terminal is given
// back.
void FullScreen::watch_signals() const {
  std::array<pollfd, 2> polled{{{ends_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  while (::poll(polled.data(), polled.size(), -1) < 0 && errno == EINTR) {
  }
  signalfd_siginfo news{};
  const bool is_signal =
      (polled[0].revents & POLLIN) != 0 && ::read(ends_.get(), &news, sizeof news) == sizeof news;
  if (!is_signal) return;
  const std::lock_guard last(writing_);
  give_back();
  const int signal = static_cast<int>(news.ssi_signo);
  const sigset_t only = set_of({signal});
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void FullScreen::show(const std::vector<std::string>& lines) const {
  const std::size_t most = rows();
  std::string text(kHome);
  for (std::size_t i = 0; i < lines.size() && i < most; ++i) {
    text += lines[i];
    // The last row has no line end: it would scroll.
    text += i + 1 < most ? kClearLine : kClearLine.substr(0, 3);
  }
  if (lines.size() < most) text += kClearRest;
  const std::lock_guard guard(writing_);
  write_all(text);
}

std::size_t FullScreen::rows() const { return size_now().ws_row; }
std::size_t FullScreen::columns() const { return size_now().ws_col; }

FullScreen::News FullScreen::wait(std::chrono::milliseconds time) const {
  News news;
  std::array<pollfd, 2> polled{{{STDIN_FILENO, POLLIN, 0}, {resizes_.get(), POLLIN, 0}}};
  if (::poll(polled.data(), polled.size(), static_cast<int>(time.count())) <= 0) return news;
  signalfd_siginfo resize{};
  while (::read(resizes_.get(), &resize, sizeof resize) == sizeof resize) news.is_resized = true;
  if (polled[0].revents == 0) return news;
  char key = 0;
  const ssize_t count = ::read(STDIN_FILENO, &key, 1);
  if (count == 1) news.key = key;
  news.is_over = count == 0 || (count < 0 && errno != EINTR);
  return news;
}

}  // namespace proa::cli
