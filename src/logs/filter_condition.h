// Comparisons in filter patterns, and what they are joined to. Private to logs/.
#pragma once

#include "logs/filter_reader.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::logs {

/// "= VALUE", "> 5" and so on, where VALUE is a word, a number, "quoted" or a %regex%; '*' in a
/// word or quotes stands for any characters.
class Comparison {
 public:
  /// Reads one; `ends` tells where a word ends. Errc: invalid.
  static Result<Comparison> read(PatternReader& reader, bool (*ends)(std::string_view rest));

  /// Whether it holds for a value, given as text, and as a number if it is one.
  bool holds(std::string_view text, std::optional<double> number) const;

 private:
  enum class Operator { equal, unequal, less, less_or_equal, greater, greater_or_equal };
  static std::optional<Operator> take_operator(PatternReader& reader);
  void set_wildcards(std::string_view quoted);
  bool is_equal(std::string_view text, std::optional<double> number) const;

  Operator operator_ = Operator::equal;
  std::optional<double> number_;    ///< of a word that is one
  std::vector<std::string> parts_;  ///< of the text, with any characters between each two
  RegexPtr regex_;
};

/// The number that the whole of `text` is.
std::optional<double> number_of(std::string_view text);

/// Conditions joined by &&, || and parentheses.
struct Expression {
  enum class Kind { leaf, all, any };
  Kind kind = Kind::leaf;
  std::size_t leaf = 0;           ///< of Kind::leaf: which
  std::vector<Expression> parts;  ///< of the others

  bool holds(const std::function<bool(std::size_t leaf)>& is_true) const;
};

/// Reads a condition and gives it a number.
using LeafReader = std::function<Result<std::size_t>(PatternReader& reader)>;

/// Reads an expression up to what does not go on with && or ||; && binds closer. Errc: invalid.
Result<Expression> read_expression(PatternReader& reader, const LeafReader& read_leaf);

}  // namespace proa::logs
