#include "logs/filter_reader.h"

#include <re2/re2.h>

#include <cstring>

namespace proa::logs {
namespace {

constexpr unsigned kRegexesMax = 2;  ///< of a pattern, as on AWS
constexpr std::int64_t kRegexBytes = 1 << 20;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_one_of(char c, std::string_view characters) {
  return characters.find(c) != std::string_view::npos;
}

/// Whether what begins with '{' is {m}, {m,} or {m,n}: RE2 takes anything else as it stands.
bool is_repetition(std::string_view text) {
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos) return false;
  const std::string_view counts = text.substr(1, end - 1);
  const std::size_t comma = counts.find(',');
  const auto is_number = [](std::string_view part) {
    return part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const std::string_view least = counts.substr(0, comma);
  if (least.empty() || !is_number(least)) return false;
  return comma == std::string_view::npos || is_number(counts.substr(comma + 1));
}

/// AWS's subset of regular expressions, all of which RE2 knows. Nothing when `text` is in it, else
/// what is not.
std::string regex_defect(std::string_view text) {
  constexpr std::string_view kSymbols = " :_#=@/;,-";
  constexpr std::string_view kOperators = "^$?[]{}|*+.";
  constexpr std::string_view kClasses = "dDsSwW";
  bool is_in_class = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '[') is_in_class = true;
    if (c == ']') is_in_class = false;
    if (c == '{' && !is_in_class && !is_repetition(text.substr(i))) {
      return "a '{' in a regular expression begins no {m,n}";
    }
    if (is_letter_or_digit(c) || is_one_of(c, kSymbols) || is_one_of(c, kOperators)) continue;
    if (c != '\\') {
      return std::string("'") + c + "' is not supported in a regular expression";
    }
    const char next = i + 1 < text.size() ? text[++i] : '\0';
    const bool is_known = next == '\\' || next == 'x' || is_one_of(next, kClasses) ||
                          is_one_of(next, kSymbols) || is_one_of(next, kOperators);
    if (!is_known) {
      return std::string("'\\") + (next == '\0' ? '%' : next) +
             "' is not supported in a regular expression";
    }
  }
  return {};
}

}  // namespace

bool is_word_char(char c) {
  return is_letter_or_digit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool PatternReader::is_space() const { return !at_end() && is_one_of(rest_.front(), " \t\r\n"); }

void PatternReader::skip_spaces() {
  while (is_space()) rest_.remove_prefix(1);
}

bool PatternReader::take(std::string_view token) {
  if (!is_next(token)) return false;
  rest_.remove_prefix(token.size());
  return true;
}

bool PatternReader::take_keyword(std::string_view word) {
  const bool goes_on = rest_.size() > word.size() && is_word_char(rest_[word.size()]);
  return !goes_on && take(word);
}

std::string_view PatternReader::take_until(bool (*ends)(std::string_view rest)) {
  std::size_t size = 0;
  while (size < rest_.size() && !ends(rest_.substr(size))) ++size;
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

Result<std::string_view> PatternReader::take_quoted() {
  for (std::size_t i = 1; i < rest_.size(); i += rest_[i] == '\\' ? 2 : 1) {
    if (rest_[i] != '"') continue;
    const std::string_view inner = rest_.substr(1, i - 1);
    rest_.remove_prefix(i + 1);
    return inner;
  }
  return error("a quotation mark has no second one");
}

Result<RegexPtr> PatternReader::take_regex() {
  std::size_t end = 1;
  while (end < rest_.size() && rest_[end] != '%') end += rest_[end] == '\\' ? 2 : 1;
  if (end >= rest_.size()) return error("a '%' has no second one");
  const std::string_view text = rest_.substr(1, end - 1);
  if (text.empty()) return error("a regular expression is empty");
  if (++regexes_ > kRegexesMax) return error("more than 2 regular expressions");
  const std::string defect = regex_defect(text);
  if (!defect.empty()) return error(defect);
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kRegexBytes);
  auto regex =
      std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!regex->ok()) return error("the regular expression is wrong (" + regex->error() + ")");
  rest_.remove_prefix(end + 1);
  return RegexPtr(std::move(regex));
}

Error PatternReader::error(std::string_view what) const {
  const std::string where = at_end() ? " at its end" : " at '" + std::string(rest_) + "'";
  return Error(Errc::invalid, "Invalid filter pattern: " + std::string(what) + where);
}

std::string unescaped(std::string_view quoted) {
  std::string text;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    const char next = i + 1 < quoted.size() ? quoted[i + 1] : '\0';
    if (quoted[i] == '\\' && (next == '"' || next == '\\')) ++i;
    text.push_back(quoted[i]);
  }
  return text;
}

bool has_match(std::string_view text, const re2::RE2& regex) {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex);
}

std::size_t find_part(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  if (text.empty()) return std::string_view::npos;  // it may have no address
  const void* found = ::memmem(text.data(), text.size(), part.data(), part.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace proa::logs
