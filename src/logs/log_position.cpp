#include "logs/logs.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace proa::logs {
namespace {

template <class T>
bool read_field(std::string_view& text, T& out, bool is_last) {
  const auto dash = text.find('-');
  if ((dash == text.npos) != is_last) return false;
  const std::string_view field = text.substr(0, dash);
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), out);
  if (error != std::errc() || end != field.data() + field.size()) return false;
  text.remove_prefix(is_last ? text.size() : dash + 1);
  return true;
}

}  // namespace

std::string LogPosition::to_text() const {
  return std::to_string(segment) + "-" + std::to_string(offset) + "-" + std::to_string(part);
}

std::optional<LogPosition> LogPosition::parse(std::string_view text) {
  LogPosition out;
  const bool is_position = read_field(text, out.segment, false) &&
                           read_field(text, out.offset, false) && read_field(text, out.part, true);
  if (!is_position) return std::nullopt;
  return out;
}

}  // namespace proa::logs
