#include "logs/filter_condition.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace proa::logs {
namespace {

constexpr unsigned kDepthMax = 64;  ///< of parentheses
/// From here on a double is not exact, and texts are compared.
constexpr double kExactMax = 9007199254740992.0;

/// One level of an expression, `depth` parentheses deep.
class ExpressionReader {
 public:
  ExpressionReader(PatternReader& reader, const LeafReader& read_leaf)
      : reader_(reader), read_leaf_(read_leaf) {}

  Result<Expression> read_any(unsigned depth) {
    return read_joined("||", Expression::Kind::any, [this, depth] { return read_all(depth); });
  }

 private:
  Result<Expression> read_all(unsigned depth) {
    return read_joined("&&", Expression::Kind::all, [this, depth] { return read_one(depth); });
  }
  Result<Expression> read_one(unsigned depth) {
    reader_.skip_spaces();
    if (!reader_.take("(")) {
      Expression expression;
      TRY(expression.leaf, read_leaf_(reader_));
      return expression;
    }
    if (depth == kDepthMax) return reader_.error("parentheses more than 64 deep");
    TRY(auto expression, read_any(depth + 1));
    if (!reader_.take(")")) return reader_.error("a '(' has no ')'");
    return expression;
  }
  Result<Expression> read_joined(std::string_view joint, Expression::Kind kind,
                                 const std::function<Result<Expression>()>& read_part) {
    TRY(auto first, read_part());
    reader_.skip_spaces();
    if (!reader_.is_next(joint)) return first;
    Expression joined;
    joined.kind = kind;
    joined.parts.push_back(std::move(first));
    while (reader_.take(joint)) {
      TRY(auto next, read_part());
      joined.parts.push_back(std::move(next));
      reader_.skip_spaces();
    }
    return joined;
  }

  PatternReader& reader_;
  const LeafReader& read_leaf_;
};

/// Whether `text` is the parts in their order with any characters between each two of them.
bool fits(std::string_view text, const std::vector<std::string>& parts) {
  const std::string& first = parts.front();
  if (parts.size() == 1) return text == first;
  if (!text.starts_with(first)) return false;
  text.remove_prefix(first.size());
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
    const std::size_t found = find_part(text, parts[i]);
    if (found == std::string_view::npos) return false;
    text.remove_prefix(found + parts[i].size());
  }
  return text.ends_with(parts.back());
}

}  // namespace

std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const bool begins_a_number = !text.empty() && (text.front() == '-' || text.front() == '.' ||
                                                 (text.front() >= '0' && text.front() <= '9'));
  if (!begins_a_number) return std::nullopt;  // not "inf" and "nan"
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<Comparison::Operator> Comparison::take_operator(PatternReader& reader) {
  if (reader.is_next("==")) return std::nullopt;
  if (reader.take("=")) return Operator::equal;
  if (reader.take("!=")) return Operator::unequal;
  if (reader.take("<=")) return Operator::less_or_equal;
  if (reader.take(">=")) return Operator::greater_or_equal;
  if (reader.take("<")) return Operator::less;
  if (reader.take(">")) return Operator::greater;
  return std::nullopt;
}

Result<Comparison> Comparison::read(PatternReader& reader, bool (*ends)(std::string_view rest)) {
  reader.skip_spaces();
  Comparison comparison;
  const auto found = take_operator(reader);
  if (!found) return reader.error("an operator (=, !=, <, <=, >, >=) was expected");
  comparison.operator_ = *found;
  reader.skip_spaces();
  const bool wants_number = *found != Operator::equal && *found != Operator::unequal;
  if (wants_number || (!reader.is_next("%") && !reader.is_next("\""))) {
    const std::string_view word = reader.take_until(ends);
    if (word.empty()) return reader.error("a value was expected");
    comparison.number_ = number_of(word);
    if (wants_number && !comparison.number_) {
      return reader.error("'" + std::string(word) + "' is compared by size and is no number");
    }
    comparison.set_wildcards(word);
  } else if (reader.is_next("%")) {
    TRY(comparison.regex_, reader.take_regex());
  } else {
    TRY(const auto quoted, reader.take_quoted());
    comparison.set_wildcards(quoted);
  }
  return comparison;
}

void Comparison::set_wildcards(std::string_view quoted) {
  parts_.emplace_back();
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    const char next = i + 1 < quoted.size() ? quoted[i + 1] : '\0';
    if (quoted[i] == '*') {
      parts_.emplace_back();
      continue;
    }
    if (quoted[i] == '\\' && (next == '"' || next == '\\' || next == '*')) ++i;
    parts_.back().push_back(quoted[i]);
  }
}

bool Comparison::is_equal(std::string_view text, std::optional<double> number) const {
  if (regex_) return has_match(text, *regex_);
  const bool is_exact = number && number_ && std::abs(*number) < kExactMax;
  return is_exact ? *number == *number_ : fits(text, parts_);
}

bool Comparison::holds(std::string_view text, std::optional<double> number) const {
  if (operator_ == Operator::equal) return is_equal(text, number);
  if (operator_ == Operator::unequal) return !is_equal(text, number);
  if (!number || !number_) return false;
  switch (operator_) {
    case Operator::less:
      return *number < *number_;
    case Operator::less_or_equal:
      return *number <= *number_;
    case Operator::greater:
      return *number > *number_;
    default:
      return *number >= *number_;
  }
}

bool Expression::holds(const std::function<bool(std::size_t leaf)>& is_true) const {
  if (kind == Kind::leaf) return is_true(leaf);
  const auto is_held = [&](const Expression& part) { return part.holds(is_true); };
  return kind == Kind::all ? std::all_of(parts.begin(), parts.end(), is_held)
                           : std::any_of(parts.begin(), parts.end(), is_held);
}

Result<Expression> read_expression(PatternReader& reader, const LeafReader& read_leaf) {
  return ExpressionReader(reader, read_leaf).read_any(0);
}

}  // namespace proa::logs
