#include "cli/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace proa::cli {
namespace {

std::string_view code_of(Ink ink) {
  switch (ink) {
    case Ink::head:
      return "\x1b[1m";
    case Ink::failure:
      return "\x1b[1;31m";
    case Ink::warning:
      return "\x1b[33m";
    case Ink::success:
      return "\x1b[32m";
    case Ink::faint:
      return "\x1b[2m";
  }
  return "";
}

/// Bytes of UTF-8 that go on with a character.
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; }

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool is_dumb() {
  const char* const terminal = std::getenv("TERM");
  return terminal == nullptr || *terminal == '\0' || std::string_view(terminal) == "dumb";
}

}  // namespace

std::string paint(const Screen& screen, Ink ink, std::string_view text) {
  if (!screen.has_colours || text.empty()) return std::string(text);
  return std::string(code_of(ink)).append(text).append("\x1b[0m");
}

std::size_t width_of(std::string_view text) {
  return text.size() -
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_continuation));
}

std::string cut(std::string_view text, std::size_t columns) {
  if (columns == 0 || width_of(text) <= columns) return std::string(text);
  std::size_t end = 0;
  for (std::size_t kept = 0; end < text.size(); ++end) {
    if (is_continuation(text[end])) continue;
    if (++kept == columns) break;
  }
  return std::string(text.substr(0, end)).append("\u2026");
}

std::string one_line(std::string_view text) {
  std::string line = lines_of(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::string lines_of(std::string_view text) {
  std::string lines(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto c = static_cast<unsigned char>(lines[i]);
    // C1, of which some terminals take U+009B for ESC [: C2 80 to C2 9F in UTF-8.
    const bool is_c1 =
        c == 0xC2 && i + 1 < lines.size() && static_cast<unsigned char>(lines[i + 1]) < 0xA0;
    if (is_c1) lines.replace(i, 2, " ");
    if ((c < ' ' && c != '\n') || c == 0x7F) lines[i] = ' ';
  }
  return lines;
}

Screen screen_of(int descriptor) {
  Screen screen;
  screen.is_terminal = ::isatty(descriptor) == 1;
  if (!screen.is_terminal) return screen;
  screen.has_colours = !is_set("NO_COLOR") && !is_dumb();
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0) screen.columns = size.ws_col;
  return screen;
}

}  // namespace proa::cli
