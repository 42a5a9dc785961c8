// Conditions on messages that are JSON objects: { $.a.b[0] = "x" && ($.n > 5 || $.c NOT EXISTS) }.
#include "logs/filter_condition.h"
#include "logs/filter_matcher.h"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace proa::logs {
namespace {

namespace json = boost::json;

constexpr unsigned kWildcardsMax = 3;  ///< paths of a pattern that have one, as on AWS
constexpr std::size_t kJsonDepthMax = 256;
constexpr std::size_t kFirstBuffer = 16 * 1024;

struct Step {
  enum class Kind { name, index, any };
  Kind kind = Kind::name;
  std::string name;
  std::size_t index = 0;
};

/// $.name['name'][0][*]: the way to a value, or with one wildcard to many.
struct Path {
  std::vector<Step> steps;
  bool has_wildcard = false;
};

enum class Test { comparison, is_null, is_true, is_false, exists, not_exists };

struct Leaf {
  Path path;
  Test test = Test::comparison;
  Comparison comparison;
};

/// A value as comparisons want it; nothing for what they never take: true, null, lists, objects.
struct Scalar {
  std::string text;
  std::optional<double> number;
};

std::optional<Scalar> scalar_of(const json::value& value) {
  if (const auto* text = value.if_string()) {
    std::string copy(text->data(), text->size());
    const auto number = number_of(copy);
    return Scalar{std::move(copy), number};
  }
  if (!value.is_number()) return std::nullopt;
  if (value.is_double()) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value.get_double()).ptr;
    return Scalar{std::string(text.data(), end), value.get_double()};
  }
  return Scalar{json::serialize(value), value.to_number<double>()};
}

bool meets(const Leaf& leaf, const json::value& value) {
  switch (leaf.test) {
    case Test::is_null:
      return value.is_null();
    case Test::is_true:
      return value.is_bool() && value.get_bool();
    case Test::is_false:
      return value.is_bool() && !value.get_bool();
    case Test::exists:
    case Test::not_exists:
      return true;
    case Test::comparison:
      break;
  }
  const auto scalar = scalar_of(value);
  return scalar && leaf.comparison.holds(scalar->text, scalar->number);
}

/// Whether one of the values that the path leads to from `value` meets the leaf's test.
bool leads_to_one(const Leaf& leaf, std::size_t step, const json::value& value) {
  const auto& steps = leaf.path.steps;
  if (step == steps.size()) return meets(leaf, value);
  const Step& next = steps[step];
  const auto goes_on = [&](const json::value& child) {
    return leads_to_one(leaf, step + 1, child);
  };
  if (const auto* object = value.if_object()) {
    if (next.kind == Step::Kind::any) {
      return std::any_of(object->begin(), object->end(),
                         [&](const auto& member) { return goes_on(member.value()); });
    }
    const auto* child = next.kind == Step::Kind::name ? object->if_contains(next.name) : nullptr;
    return child != nullptr && goes_on(*child);
  }
  if (const auto* array = value.if_array()) {
    if (next.kind == Step::Kind::any) return std::any_of(array->begin(), array->end(), goes_on);
    const auto* child = next.kind == Step::Kind::index ? array->if_contains(next.index) : nullptr;
    return child != nullptr && goes_on(*child);
  }
  return false;
}

class JsonCondition final : public Matcher {
 public:
  bool matches(std::string_view message) const override {
    const std::size_t begin = message.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || message[begin] != '{') return false;
    std::array<unsigned char, kFirstBuffer> buffer;  // most messages need no other memory
    json::monotonic_resource memory(buffer.data(), buffer.size());
    json::parse_options options;
    options.max_depth = kJsonDepthMax;
    json::error_code failed;
    const json::value value =
        json::parse({message.data(), message.size()}, failed, &memory, options);
    if (failed) return false;
    return expression.holds([&](std::size_t leaf) {
      return leads_to_one(leaves[leaf], 0, value) != (leaves[leaf].test == Test::not_exists);
    });
  }

  Expression expression;
  std::vector<Leaf> leaves;
};

bool ends_selector(std::string_view rest) {
  return !is_word_char(rest.front()) && rest.front() != '-';
}
bool ends_key(std::string_view rest) { return rest.starts_with('\''); }
bool ends_index(std::string_view rest) { return rest.front() < '0' || rest.front() > '9'; }
bool ends_json_value(std::string_view rest) {
  return std::string_view(" \t\r\n()\"").find(rest.front()) != std::string_view::npos ||
         rest.starts_with("&&") || rest.starts_with("||");
}

/// What stands behind a '['.
Result<Step> take_bracket(PatternReader& reader) {
  Step step;
  if (reader.take("'")) {
    step.name = reader.take_until(ends_key);
    if (!reader.take("'")) return reader.error("a name in ['...'] does not end");
  } else if (reader.is_next("\"")) {
    TRY(const auto quoted, reader.take_quoted());
    step.name = unescaped(quoted);
  } else if (reader.take("*")) {
    step.kind = Step::Kind::any;
  } else {
    step.kind = Step::Kind::index;
    const std::string_view digits = reader.take_until(ends_index);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), step.index);
    if (digits.empty() || error != std::errc()) {
      return reader.error("a number, '*' or 'name' was expected behind '['");
    }
  }
  if (!reader.take("]")) return reader.error("a '[' has no ']'");
  return step;
}

Result<Path> take_path(PatternReader& reader) {
  reader.skip_spaces();
  if (!reader.take("$")) return reader.error("a selector such as $.name was expected");
  if (!reader.is_next(".")) return reader.error("a '.' was expected behind '$'");
  Path path;
  for (;;) {
    Step step;
    if (reader.take("[") || reader.take(".[")) {
      TRY(step, take_bracket(reader));
    } else if (reader.take(".*")) {
      step.kind = Step::Kind::any;
    } else if (reader.take(".")) {
      step.name = reader.take_until(ends_selector);
      if (step.name.empty()) return reader.error("a name was expected behind '.'");
    } else {
      return path;
    }
    if (step.kind == Step::Kind::any) {
      if (path.has_wildcard) return reader.error("more than one '*' in a selector");
      path.has_wildcard = true;
    }
    path.steps.push_back(std::move(step));
  }
}

Result<Test> take_test(PatternReader& reader) {
  reader.skip_spaces();
  if (reader.take_keyword("EXISTS")) return Test::exists;
  if (reader.take_keyword("NOT")) {
    reader.skip_spaces();
    if (reader.take_keyword("EXISTS")) return Test::not_exists;
    return reader.error("EXISTS was expected behind NOT");
  }
  if (!reader.take_keyword("IS")) return Test::comparison;
  reader.skip_spaces();
  if (reader.take_keyword("NULL")) return Test::is_null;
  if (reader.take_keyword("TRUE")) return Test::is_true;
  if (reader.take_keyword("FALSE")) return Test::is_false;
  return reader.error("NULL, TRUE or FALSE was expected behind IS");
}

Result<Leaf> take_leaf(PatternReader& reader) {
  Leaf leaf;
  TRY(leaf.path, take_path(reader));
  TRY(leaf.test, take_test(reader));
  if (leaf.test == Test::comparison) {
    TRY(leaf.comparison, Comparison::read(reader, ends_json_value));
  }
  return leaf;
}

}  // namespace

Result<MatcherPtr> compile_json_condition(std::string_view text) {
  auto condition = std::make_shared<JsonCondition>();
  PatternReader reader(text);
  unsigned wildcards = 0;
  const LeafReader read_leaf = [&](PatternReader& at) -> Result<std::size_t> {
    TRY(auto leaf, take_leaf(at));
    if (leaf.path.has_wildcard && ++wildcards > kWildcardsMax) {
      return at.error("more than 3 selectors with '*'");
    }
    condition->leaves.push_back(std::move(leaf));
    return condition->leaves.size() - 1;
  };
  TRY(condition->expression, read_expression(reader, read_leaf));
  if (!reader.at_end()) return reader.error("&& or || was expected");
  return MatcherPtr(std::move(condition));
}

}  // namespace proa::logs
