#include "http/http.h"

#include <algorithm>
#include <cstring>

namespace proa::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

/// Whether eight bytes at once look clean: none below a space, none 0x7F. A tab does not.
bool looks_clean(std::uint64_t eight) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHigh = kEach * 0x80;
  const std::uint64_t below = (eight - kEach * 0x20) & ~eight;
  const std::uint64_t without = eight ^ (kEach * 0x7F);
  const std::uint64_t deletes = (without - kEach) & ~without;
  return ((below | deletes) & kHigh) == 0;
}

bool is_clean(std::string_view text) {
  std::uint64_t eight = 0;
  for (; text.size() >= 8; text.remove_prefix(8)) {
    std::memcpy(&eight, text.data(), 8);
    if (!looks_clean(eight)) return false;
  }
  std::memset(&eight, ' ', 8);
  std::memcpy(&eight, text.data(), text.size());
  return looks_clean(eight);
}

void append_clean(std::string& to, std::string_view text) {
  const std::size_t begin = to.size();
  to.append(text);
  if (is_clean(text)) return;  // nearly always
  std::replace_if(to.begin() + static_cast<std::ptrdiff_t>(begin), to.end(), is_control, ' ');
}

}  // namespace

void Headers::add(std::string_view name, std::string_view value) {
  entries_.push_back({static_cast<std::uint32_t>(lines_.size()),
                      static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
  append_clean(lines_, name);
  lines_.append(": ");
  append_clean(lines_, value);
  lines_.append("\r\n");
}

std::pair<std::string_view, std::string_view> Headers::at(std::size_t index) const {
  const Entry& entry = entries_[index];
  const std::string_view all = lines_;
  return {all.substr(entry.begin, entry.name_size),
          all.substr(entry.begin + entry.name_size + 2, entry.value_size)};
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].name_size != name.size()) continue;
    const auto [field, value] = at(i);
    if (equals_ignoring_case(field, name)) return value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  std::size_t found = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (equals_ignoring_case(at(i).first, name)) ++found;
  }
  return found;
}

void Headers::clear() {
  lines_.clear();
  entries_.clear();
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (const QueryParameter& parameter : query) {
    if (parameter.name == name) return parameter.value;
  }
  return std::nullopt;
}

void Request::clear() {
  method.clear();
  target.clear();
  segments.clear();
  query.clear();
  headers.clear();
  trailers.clear();
  body.clear();
  // One large upload must not pin its memory for the life of the connection.
  constexpr std::size_t kBodyKept = 256 * 1024;
  if (body.capacity() > kBodyKept) body.shrink_to_fit();
  is_body_too_large = false;
  version = 11;
}

}  // namespace proa::http
