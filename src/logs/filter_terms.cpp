// Terms: words, "phrases" and %regular expressions% that a message must have, may have (?) or must
// not have (-).
#include "logs/filter_matcher.h"
#include "logs/filter_reader.h"

#include <algorithm>
#include <vector>

namespace proa::logs {
namespace {

/// Something that is in a message or is not.
struct Term {
  std::string text;  ///< unless it is a regular expression
  RegexPtr regex;

  bool is_in(std::string_view message) const {
    return regex ? has_match(message, *regex) : find_part(message, text) != std::string_view::npos;
  }
};

class Terms final : public Matcher {
 public:
  bool matches(std::string_view message) const override {
    const auto is_in = [&](const Term& term) { return term.is_in(message); };
    if (std::any_of(excluded.begin(), excluded.end(), is_in)) return false;
    if (!std::all_of(required.begin(), required.end(), is_in)) return false;
    // Beside others, AWS passes over those with a question mark.
    if (optional.empty() || !required.empty() || !excluded.empty()) return true;
    return std::any_of(optional.begin(), optional.end(), is_in);
  }

  std::vector<Term> required;
  std::vector<Term> optional;
  std::vector<Term> excluded;
};

bool ends_term(std::string_view rest) {
  return std::string_view(" \t\r\n").find(rest.front()) != std::string_view::npos;
}

/// AWS's text for the first characters of `word` that need quotes; nothing when none does.
std::string bad_characters(std::string_view word) {
  const auto* const begin = std::find_if_not(word.begin(), word.end(), is_word_char);
  if (begin == word.end()) return {};
  const auto* const end = std::find_if(begin, word.end(), is_word_char);
  return "Invalid character(s) in term '" + std::string(begin, end) +
         "': terms with others than letters, digits and _ stand in double quotes";
}

Result<Term> take_term(PatternReader& reader) {
  Term term;
  if (reader.is_next("%")) {
    TRY(term.regex, reader.take_regex());
  } else if (reader.is_next("\"")) {
    TRY(const auto quoted, reader.take_quoted());
    // A phrase of spaces alone is AWS's way to say everything.
    if (quoted.find_first_not_of(' ') != std::string_view::npos) term.text = unescaped(quoted);
  } else {
    const std::string_view word = reader.take_until(ends_term);
    if (word.empty()) return reader.error("there is no term behind '?' or '-'");
    const std::string bad = bad_characters(word);
    if (!bad.empty()) return Error(Errc::invalid, bad);
    term.text = word;
  }
  return term;
}

}  // namespace

Result<MatcherPtr> compile_terms(std::string_view text) {
  auto terms = std::make_shared<Terms>();
  PatternReader reader(text);
  for (reader.skip_spaces(); !reader.at_end(); reader.skip_spaces()) {
    auto& kind = reader.take("?")   ? terms->optional
                 : reader.take("-") ? terms->excluded
                                    : terms->required;
    TRY(auto term, take_term(reader));
    kind.push_back(std::move(term));
  }
  const bool is_everything =
      terms->required.empty() && terms->optional.empty() && terms->excluded.empty();
  return is_everything ? MatcherPtr() : MatcherPtr(std::move(terms));
}

}  // namespace proa::logs
