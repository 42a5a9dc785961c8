#include "logs/filter_pattern.h"

#include "logs/filter_matcher.h"

#include <string>

namespace proa::logs {
namespace {

constexpr std::size_t kPatternMax = 1024;  ///< as in the model of FilterLogEvents
constexpr std::string_view kSpaces = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

/// What stands between the first character, which is `open`, and the last, which must be `close`.
Result<std::string_view> inside(std::string_view text, char open, char close) {
  if (text.size() >= 2 && text.back() == close) return text.substr(1, text.size() - 2);
  return Error(Errc::invalid, std::string("If a filter pattern starts with '") + open +
                                  "' it must end with '" + close + "'");
}

Result<MatcherPtr> compile_kind(std::string_view text) {
  if (text.starts_with('{')) {
    TRY(const auto condition, inside(text, '{', '}'));
    return compile_json_condition(condition);
  }
  if (text.starts_with('[')) {
    TRY(const auto fields, inside(text, '[', ']'));
    return compile_field_conditions(fields);
  }
  return compile_terms(text);
}

}  // namespace

Result<FilterPattern> FilterPattern::compile(std::string_view text) {
  if (text.size() > kPatternMax) {
    return Error(Errc::invalid, "Invalid filter pattern: it is longer than 1024 bytes");
  }
  if (text.find('\0') != std::string_view::npos) {
    return Error(Errc::invalid, "Invalid filter pattern: it has a NUL byte");
  }
  TRY(auto matcher, compile_kind(trimmed(text)));
  return FilterPattern(std::move(matcher));
}

bool FilterPattern::matches(std::string_view message) const {
  if (message.ends_with('\n')) message.remove_suffix(1);
  return matcher_ == nullptr || matcher_->matches(message);
}

}  // namespace proa::logs
