// What a terminal gets and a pipe does not. Private to cli/.
#pragma once

#include "cli/cli.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace proa::cli {

/// What a piece of text is; a terminal with colours shows it.
enum class Ink { head, failure, warning, success, faint };

/// The text in its colour where the screen has colours, else as it is.
std::string paint(const Screen& screen, Ink ink, std::string_view text);

/// How many columns UTF-8 text takes, each character one.
std::size_t width_of(std::string_view text);

/// The text, or its beginning and an ellipsis, in so many columns.
std::string cut(std::string_view text, std::size_t columns);

/// The text with spaces for control characters: one line that cannot steer a terminal.
std::string one_line(std::string_view text);
/// The same, but lines stay lines.
std::string lines_of(std::string_view text);

/// What `descriptor` is. Colours: not with NO_COLOR, and not on a terminal that is dumb.
Screen screen_of(int descriptor);

}  // namespace proa::cli
