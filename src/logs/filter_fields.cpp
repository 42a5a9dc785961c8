// Conditions on the fields of a line: [ip, user, ..., status = 4* || status >= 500, bytes].
#include "logs/filter_condition.h"
#include "logs/filter_matcher.h"

#include <algorithm>

namespace proa::logs {
namespace {

constexpr std::string_view kFieldSpaces = " \t\r\n";

/// One field of the pattern. Without comparisons it takes anything.
struct Field {
  std::string name;  ///< empty: has none
  std::optional<Expression> expression;
  std::vector<Comparison> comparisons;

  bool takes(std::string_view text) const {
    if (!expression) return true;
    const auto number = number_of(text);
    return expression->holds(
        [&](std::size_t leaf) { return comparisons[leaf].holds(text, number); });
  }
};

/// The first field of a line, and what stands behind it. "..." and [...] are one field each.
std::string_view take_field(std::string_view& line) {
  const char close = line.front() == '"' ? '"' : ']';
  const bool is_quoted = line.front() == '"' || line.front() == '[';
  const std::size_t end =
      is_quoted ? line.find(close, 1) : std::min(line.find_first_of(kFieldSpaces), line.size());
  const std::string_view field = is_quoted
                                     ? line.substr(1, end == std::string_view::npos ? end : end - 1)
                                     : line.substr(0, end);
  line.remove_prefix(
      std::min(end == std::string_view::npos ? end : end + (is_quoted ? 1 : 0), line.size()));
  line.remove_prefix(std::min(line.find_first_not_of(kFieldSpaces), line.size()));
  return field;
}

class FieldConditions final : public Matcher {
 public:
  bool matches(std::string_view message) const override {
    message.remove_prefix(std::min(message.find_first_not_of(kFieldSpaces), message.size()));
    return ellipsis ? matches_ends(message) : matches_line(message);
  }

  std::vector<Field> fields;
  std::optional<std::size_t> ellipsis;  ///< in front of which field it stands

 private:
  /// As many fields as the pattern has; the last takes the rest of the line.
  bool matches_line(std::string_view line) const {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (line.empty()) return false;
      std::string_view rest = line;
      std::string_view text = take_field(rest);
      const bool is_last = i + 1 == fields.size();
      if (is_last && !rest.empty()) text = line.substr(0, line.find_last_not_of(kFieldSpaces) + 1);
      if (!fields[i].takes(text)) return false;
      line = rest;
    }
    return true;
  }
  /// Some at the beginning of the line and some at its end.
  bool matches_ends(std::string_view line) const {
    std::vector<std::string_view> texts;
    while (!line.empty()) texts.push_back(take_field(line));
    if (texts.size() < fields.size()) return false;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::size_t at = i < *ellipsis ? i : texts.size() - fields.size() + i;
      if (!fields[i].takes(texts[at])) return false;
    }
    return true;
  }
};

bool ends_field_name(std::string_view rest) {
  return !is_word_char(rest.front()) && rest.front() != '-';
}
bool ends_field_value(std::string_view rest) {
  return std::string_view(" \t\r\n(),\"").find(rest.front()) != std::string_view::npos ||
         rest.starts_with("&&") || rest.starts_with("||");
}

bool is_same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

/// name, or an expression of comparisons that all name the same field.
Result<Field> take_field_pattern(PatternReader& reader) {
  Field field;
  const LeafReader read_leaf = [&](PatternReader& at) -> Result<std::size_t> {
    const std::string_view name = at.take_until(ends_field_name);
    if (name.empty()) return at.error("the name of a field was expected");
    if (!field.name.empty() && !is_same(field.name, name)) {
      return at.error("a condition on another field ('" + std::string(name) + "')");
    }
    field.name = name;
    TRY(auto comparison, Comparison::read(at, ends_field_value));
    field.comparisons.push_back(std::move(comparison));
    return field.comparisons.size() - 1;
  };
  PatternReader plain = reader;
  field.name = plain.take_until(ends_field_name);
  plain.skip_spaces();
  if (plain.at_end() || plain.is_next(",")) {
    reader = plain;
    return field;
  }
  field.name.clear();
  TRY(field.expression, read_expression(reader, read_leaf));
  reader.skip_spaces();
  return field;
}

Result<void> add_field(Field field, const PatternReader& reader, FieldConditions& conditions) {
  const auto& all = conditions.fields;
  const bool is_known =
      !field.name.empty() && std::any_of(all.begin(), all.end(), [&](const Field& other) {
        return is_same(other.name, field.name);
      });
  if (is_known) return reader.error("two fields have the name '" + field.name + "'");
  conditions.fields.push_back(std::move(field));
  return ok();
}

}  // namespace

Result<MatcherPtr> compile_field_conditions(std::string_view text) {
  auto conditions = std::make_shared<FieldConditions>();
  PatternReader reader(text);
  reader.skip_spaces();
  if (reader.at_end()) return MatcherPtr();  // "[]" is everything
  do {
    reader.skip_spaces();
    if (reader.take("...")) {
      if (conditions->ellipsis) return reader.error("a second '...'");
      conditions->ellipsis = conditions->fields.size();
      reader.skip_spaces();
    } else {
      TRY(auto field, take_field_pattern(reader));
      TRY(add_field(std::move(field), reader, *conditions));
    }
  } while (reader.take(","));
  if (!reader.at_end()) return reader.error("',' was expected between fields");
  return MatcherPtr(std::move(conditions));
}

}  // namespace proa::logs
