#include "templates/variables.h"

#include "templates/members.h"

#include <algorithm>

namespace proa::templates {
namespace {

constexpr std::size_t kResolvedMax = 1'000'000;
constexpr std::size_t kNestingMax = 64;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Where the "${" at `open` ends: at its own '}'.
std::size_t end_of(std::string_view text, std::size_t open) {
  std::size_t depth = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    if (text[at] == '{') ++depth;
    if (text[at] == '}' && --depth == 0) return at;
  }
  return std::string_view::npos;
}

/// Splits at commas that stand in no quotes and no braces.
std::vector<std::string> alternatives(std::string_view expression) {
  std::vector<std::string> parts(1);
  std::size_t depth = 0;
  char quote = 0;
  for (const char c : expression) {
    if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '{' || c == '(') {
      ++depth;
    } else if ((c == '}' || c == ')') && depth > 0) {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.emplace_back();
      continue;
    }
    parts.back().push_back(c);
  }
  return parts;
}

/// What stands in an alternative without a source: a quoted text, a number, a truth value.
std::optional<std::string> literal(std::string_view text) {
  const bool is_quoted = text.size() >= 2 && (text.front() == '\'' || text.front() == '"') &&
                         text.back() == text.front();
  if (is_quoted) return std::string(text.substr(1, text.size() - 2));
  const Node node = make_scalar(std::string(text), 0);
  if (integer_of(node) || truth_of(node)) return node.text;
  return std::nullopt;
}

/// One deeper, for as long as it lives.
class Deeper {
 public:
  explicit Deeper(std::size_t& depth) : depth_(++depth) {}
  ~Deeper() { --depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  std::size_t& depth_;
};

}  // namespace

Result<void> Variables::spend(const Node& at, std::size_t units) {
  spent_ += units;
  if (spent_ > kResolvedMax) return error_at(at, "the file is more work than it may be");
  if (depth_ > kNestingMax) return error_at(at, "variables inside variables, too deep");
  return ok();
}

Result<std::optional<Node>> Variables::resolve(const Node& node) {
  const Deeper deeper(depth_);
  TRY(spend(node, 1 + node.text.size() / 64));
  if (node.is_scalar()) {
    TRY(auto value, expand(node.text, node));
    if (value && value->is_scalar() && value->text == node.text) value->is_quoted = node.is_quoted;
    return value;
  }
  Node out;
  out.kind = node.kind;
  out.line = node.line;
  for (const Node& item : node.items) {
    TRY(auto value, resolve(item));
    if (value) out.items.push_back(std::move(*value));
  }
  for (const auto& [name, member] : node.members) {
    TRY(auto value, resolve(member));
    if (value) out.members.emplace_back(name, std::move(*value));
  }
  return Maybe(std::move(out));
}

Result<std::optional<Node>> Variables::expand(const std::string& text, const Node& at) {
  std::string out;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t open = text.find("${", from);
    const std::size_t end = open == std::string::npos ? open : end_of(text, open);
    if (end == std::string::npos) {
      out.append(text, from, std::string::npos);
      break;
    }
    out.append(text, from, open - from);
    const std::string inside = text.substr(open + 2, end - open - 2);
    TRY(auto value, value_of(inside, at));
    if (!value) return Maybe();
    if (open == 0 && end + 1 == text.size()) {
      value->line = at.line;
      return value;
    }
    if (!value->is_scalar() && !value->is_null()) {
      return error_at(at, "${" + inside.substr(0, 100) + "} is " + std::string(value->kind_name()) +
                              " in the middle of a text");
    }
    out.append(value->text);
    from = end + 1;
    TRY(spend(at, 1 + out.size() / 256));
  }
  return Maybe(make_scalar(std::move(out), at.line));
}

Result<std::optional<Node>> Variables::value_of(const std::string& expression, const Node& at) {
  const Deeper deeper(depth_);
  TRY(spend(at, 1 + expression.size() / 64));
  // "${AWS::Region}" is CloudFormation's own.
  if (expression.starts_with("AWS::")) {
    return Maybe(make_scalar("${" + expression + "}", at.line));
  }
  for (const std::string& alternative : alternatives(expression)) {
    const std::string words(trimmed(alternative));
    TRY(const auto inner, expand(words, at));
    if (!inner) return Maybe();
    // What was a variable itself has its value already, whatever that looks like.
    if (words.starts_with("${") && end_of(words, 0) == words.size() - 1) return Maybe(*inner);
    if (!inner->is_scalar()) return inner;  // "${self:a, ${self:b}}"
    if (const auto value = literal(inner->text)) return Maybe(make_scalar(*value, at.line));
    const std::size_t colon = inner->text.find(':');
    const bool is_variable = colon != std::string::npos && inner->text.find("://") != colon;
    // An alternative that was a variable itself has its value already.
    if (!is_variable) return Maybe(*inner);
    TRY(auto value,
        look_up(std::string_view(inner->text).substr(0, colon), inner->text.substr(colon + 1), at));
    if (is_left_out_) {
      is_left_out_ = false;
      return Maybe();
    }
    if (value) return value;
  }
  return error_at(at, "${" + expression.substr(0, 100) + "} has no value");
}

Result<std::optional<Node>> Variables::look_up(std::string_view source, const std::string& address,
                                               const Node& at) {
  const auto text = [&](std::optional<std::string> value) {
    return value ? Maybe(make_scalar(std::move(*value), at.line)) : Maybe();
  };
  if (source == "self") return from_self(address);
  if (source == "opt") {
    if (address == "stage") return text(input_.stage);
    if (address == "region") return text(input_.region);
    const auto given = input_.parameters.find(address);
    return text(given == input_.parameters.end() ? std::optional<std::string>()
                                                 : std::optional<std::string>(given->second));
  }
  if (source == "env") return text(input_.variable ? input_.variable(address) : std::nullopt);
  if (source == "sls" && address == "stage") {
    TRY(auto name, stage());
    return text(std::move(name));
  }
  if (source == "aws" && address == "region") return text(input_.region);
  if (source == "aws" && address == "accountId") return text(input_.account_id);
  problems_.push_back(Problem{at.line, "the variable ${" + std::string(source.substr(0, 40)) + ":" +
                                           address.substr(0, 60) + "}"});
  is_left_out_ = true;
  return Maybe();
}

Result<std::optional<Node>> Variables::from_self(const std::string& address) {
  // Serverless knows the stage and the region also where the file does not set them.
  if (address == "provider.stage") {
    TRY(auto name, stage());
    return Maybe(make_scalar(std::move(name), 0));
  }
  const Node* node = &root_;
  std::string_view rest = address;
  while (node != nullptr && !rest.empty()) {
    const std::size_t dot = rest.find('.');
    node = node->find(rest.substr(0, dot));
    rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  }
  if (node == nullptr) {
    return address == "provider.region" ? Maybe(make_scalar(input_.region, 0)) : Maybe();
  }
  return resolve(*node);
}

Result<std::string> Variables::stage() {
  if (input_.stage) return *input_.stage;
  const Node* const provider = root_.find("provider");
  const Node* const given = provider == nullptr ? nullptr : provider->find("stage");
  if (given == nullptr || given->text.empty()) return std::string("dev");
  const Deeper deeper(depth_);
  TRY(spend(*given, 1));
  TRY(const auto value, expand(given->text, *given));
  return value ? value->text : std::string("dev");
}

}  // namespace proa::templates
