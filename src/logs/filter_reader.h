// Reads the text of a filter pattern from left to right. Private to logs/.
#pragma once

#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace proa::logs {

/// A compiled %regex%. Shared: a pattern's parts are copied while they are put together.
using RegexPtr = std::shared_ptr<const re2::RE2>;

/// A place in a pattern. It counts regular expressions, of which a pattern may have two.
class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool is_next(std::string_view token) const { return rest_.starts_with(token); }
  bool is_space() const;
  void skip_spaces();
  /// Goes behind `token` if it is next.
  bool take(std::string_view token);
  /// The same for a word in capitals: no letter or digit may follow.
  bool take_keyword(std::string_view word);
  /// The characters in front of the first that `ends` says ends them.
  std::string_view take_until(bool (*ends)(std::string_view rest));
  /// What stands between the quotes that are next, as it stands there. Errc: invalid.
  Result<std::string_view> take_quoted();
  /// The regular expression that is next, with its % around. Errc: invalid.
  Result<RegexPtr> take_regex();

  /// "Invalid filter pattern: WHAT at 'REST'".
  Error error(std::string_view what) const;

 private:
  std::string_view rest_;
  unsigned regexes_ = 0;
};

/// Whether `c` may stand in words and names without quotes: letters, digits, '_', not ASCII.
bool is_word_char(char c);
/// The text that was quoted so: \" is a quote, \\ a backslash.
std::string unescaped(std::string_view quoted);
/// Whether a piece of the message matches. Linear in it.
bool has_match(std::string_view text, const re2::RE2& regex);
/// Whether `part` is somewhere in `text`, in linear time.
std::size_t find_part(std::string_view text, std::string_view part);

}  // namespace proa::logs
