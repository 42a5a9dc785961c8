#include "templates/resolver.h"

#include "templates/members.h"

#include <algorithm>

namespace proa::templates {
namespace {

/// Bounds the work and the size of what comes out, whatever calls what.
constexpr std::size_t kUnitsMax = 4'000'000;
constexpr std::size_t kDepthMax = 100;

std::string type_of(const Node& resource) {
  const Node* const type = resource.find("Type");
  return type != nullptr && type->is_scalar() ? type->text : std::string();
}

}  // namespace

bool is_function_type(std::string_view type) {
  return type == "AWS::Serverless::Function" || type == "AWS::Lambda::Function";
}

bool is_layer_type(std::string_view type) {
  return type == "AWS::Serverless::LayerVersion" || type == "AWS::Lambda::LayerVersion";
}

bool is_role_type(std::string_view type) {
  return type == "AWS::IAM::Role" || type == "AWS::IAM::Policy" ||
         type == "AWS::IAM::ManagedPolicy" || type == "AWS::IAM::RolePolicy";
}

std::string plain_name(const Node& resource, std::string_view member, const std::string& id) {
  const Node* const properties = resource.find("Properties");
  const Node* const name = properties == nullptr ? nullptr : properties->find(member);
  return name != nullptr && name->is_scalar() ? name->text : id;
}

void Resolver::cannot(const Node& at, std::string text) {
  problems_.push_back(Problem{at.line, std::move(text)});
}

Result<void> Resolver::spend(const Node& at, std::size_t units) {
  spent_ += units;
  if (spent_ <= kUnitsMax) return ok();
  return error_at(at, "the template is more work than it may be");
}

Result<void> Resolver::start() {
  const Node* const declared = root_.find("Parameters");
  for (const auto& [name, value] : input_.parameters) {
    if (declared == nullptr || declared->find(name) == nullptr) {
      return Error(Errc::invalid, "the template has no parameter '" + name + "'");
    }
    parameters_[name] = value;
  }
  if (declared == nullptr) return ok();
  for (const auto& [name, parameter] : declared->members) {
    if (parameters_.count(name) != 0) continue;
    const Node* const value = parameter.find("Default");
    if (value == nullptr || !(value->is_scalar() || value->is_null())) {
      return error_at(parameter, "the parameter " + name + " has no default: give --parameter " +
                                     name + "=VALUE");
    }
    parameters_[name] = value->text;
  }
  return ok();
}

const Node* Resolver::resource(std::string_view id) const {
  const Node* const resources = root_.find("Resources");
  return resources == nullptr ? nullptr : resources->find(id);
}

Result<std::optional<Node>> Resolver::resolve(const Node& node) {
  TRY(spend(node, 1 + node.text.size() / 64));
  if (depth_ >= kDepthMax) return error_at(node, "functions inside functions, too deep");
  ++depth_;
  struct Leave {
    std::size_t& depth;
    ~Leave() { --depth; }
  } const leave{depth_};
  if (is_intrinsic(node)) return call(node.members[0].name, node.members[0].value);
  Node out;
  out.kind = node.kind;
  out.line = node.line;
  out.text = node.text;
  out.is_quoted = node.is_quoted;
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

Result<std::optional<Node>> Resolver::call(const std::string& name, const Node& argument) {
  if (name == "Ref") return reference(argument);
  if (name == "Fn::GetAtt") return attribute(argument);
  if (name == "Fn::Sub") return substitute(argument);
  if (name == "Fn::Join") return join(argument);
  if (name == "Fn::Select") return select(argument);
  if (name == "Fn::Split") return split(argument);
  if (name == "Fn::FindInMap") return find_in_map(argument);
  if (name == "Fn::If") return choose(argument);
  cannot(argument, "the function " + name.substr(0, 100) + " is not supported by Proa");
  return Maybe();
}

std::optional<std::string> Resolver::pseudo_parameter(std::string_view name) const {
  if (name == "AWS::Region") return input_.region;
  if (name == "AWS::AccountId") return input_.account_id;
  if (name == "AWS::Partition") return "aws";
  if (name == "AWS::StackName") return input_.stack;
  if (name == "AWS::URLSuffix") return "amazonaws.com";
  return std::nullopt;
}

Result<std::optional<Node>> Resolver::reference(const Node& name) {
  if (!name.is_scalar()) return error_at(name, "Ref takes a name");
  if (name.text == "AWS::NoValue") return Maybe();
  if (auto value = pseudo_parameter(name.text)) return Maybe(make_scalar(*value, name.line));
  const auto parameter = parameters_.find(name.text);
  if (parameter != parameters_.end()) return Maybe(make_scalar(parameter->second, name.line));
  return reference_to_resource(name.text, name);
}

Result<std::optional<Node>> Resolver::reference_to_resource(const std::string& id, const Node& at) {
  const Node* const found = resource(id);
  if (found == nullptr) {
    return error_at(at, "there is no parameter or resource '" + id.substr(0, 100) + "'");
  }
  const std::string type = type_of(*found);
  if (is_function_type(type)) {
    return Maybe(make_scalar(plain_name(*found, "FunctionName", id), at.line));
  }
  if (is_layer_type(type)) return Maybe(make_scalar(layer_placeholder(id), at.line));
  if (is_role_type(type)) return Maybe(make_scalar(id, at.line));
  cannot(at, "a reference to " + id + ", which is an " + type.substr(0, 100));
  return Maybe();
}

Result<std::optional<Node>> Resolver::attribute(const Node& argument) {
  TRY(const auto parts, arguments(argument, 2, 2, "Fn::GetAtt"));
  if (!parts[0].is_scalar() || !parts[1].is_scalar()) {
    return error_at(argument, "Fn::GetAtt takes two names");
  }
  const std::string& id = parts[0].text;
  const Node* const found = resource(id);
  if (found == nullptr)
    return error_at(argument, "there is no resource '" + id.substr(0, 100) + "'");
  const std::string type = type_of(*found);
  if (parts[1].text == "Arn" && is_function_type(type)) {
    return Maybe(make_scalar("arn:aws:lambda:" + input_.region + ":" + input_.account_id +
                                 ":function:" + plain_name(*found, "FunctionName", id),
                             argument.line));
  }
  if (parts[1].text == "Arn" && is_role_type(type)) {
    return Maybe(make_scalar("arn:aws:iam::" + input_.account_id + ":role/" + id, argument.line));
  }
  cannot(argument, "the attribute " + parts[1].text.substr(0, 100) + " of " + id +
                       ", which is an " + type.substr(0, 100));
  return Maybe();
}

Result<std::vector<Node>> Resolver::arguments(const Node& argument, std::size_t least,
                                              std::size_t most, std::string_view name) {
  if (!argument.is_list() || argument.items.size() < least || argument.items.size() > most) {
    return error_at(argument, std::string(name) + " takes a list of " + std::to_string(least) +
                                  (least == most ? "" : " to " + std::to_string(most)));
  }
  return argument.items;
}

Result<std::optional<Node>> Resolver::substitute(const Node& argument) {
  const Node* text = &argument;
  Node values;
  if (argument.is_list()) {
    TRY(const auto parts, arguments(argument, 2, 2, "Fn::Sub"));
    TRY(auto resolved, resolve(argument.items[1]));
    if (!resolved) return Maybe();
    values = std::move(*resolved);
    text = &argument.items[0];
  }
  if (!text->is_scalar()) return error_at(argument, "Fn::Sub takes a text");
  std::string out;
  for (std::size_t at = 0; at < text->text.size();) {
    const std::size_t open = text->text.find("${", at);
    const std::size_t end = open == std::string::npos ? open : text->text.find('}', open);
    if (end == std::string::npos) {
      out.append(text->text, at, std::string::npos);
      break;
    }
    out.append(text->text, at, open - at);
    const std::string name = text->text.substr(open + 2, end - open - 2);
    at = end + 1;
    if (name.starts_with("!")) {  // "${!x}" is "${x}"
      out.append("${").append(name, 1).append("}");
      continue;
    }
    const Node* const given = values.find(name);
    if (given != nullptr && given->is_scalar()) {
      out.append(given->text);
    } else {
      TRY(const auto value, value_in_text(name, *text));
      if (!value) return Maybe();
      out.append(*value);
    }
    TRY(spend(*text, 1 + out.size() / 1024));
  }
  return Maybe(make_scalar(std::move(out), argument.line));
}

/// "${Name}" or "${Name.Arn}".
Result<std::optional<std::string>> Resolver::value_in_text(const std::string& name,
                                                           const Node& at) {
  const std::size_t dot = name.find('.');
  Maybe value;
  if (dot == std::string::npos) {
    TRY(value, reference(make_scalar(name, at.line)));
  } else {
    Node list;
    list.kind = Node::Kind::list;
    list.line = at.line;
    list.items.push_back(make_scalar(name.substr(0, dot), at.line));
    list.items.push_back(make_scalar(name.substr(dot + 1), at.line));
    TRY(value, attribute(list));
  }
  if (!value) return std::optional<std::string>();
  return std::optional<std::string>(std::move(value->text));
}

Result<std::optional<Node>> Resolver::join(const Node& argument) {
  TRY(const auto parts, arguments(argument, 2, 2, "Fn::Join"));
  TRY(const auto list, resolve(parts[1]));
  if (!list) return Maybe();
  if (!parts[0].is_scalar() && !parts[0].is_null()) {
    return error_at(argument, "Fn::Join takes a text and a list");
  }
  if (!list->is_list()) return error_at(argument, "Fn::Join takes a text and a list");
  // With one of them left out the text would be another.
  if (parts[1].is_list() && list->items.size() != parts[1].items.size()) return Maybe();
  std::string out;
  for (const Node& item : list->items) {
    if (!item.is_scalar()) return error_at(item, "Fn::Join joins texts");
    if (&item != &list->items.front()) out.append(parts[0].text);
    out.append(item.text);
    TRY(spend(item, 1 + out.size() / 1024));
  }
  return Maybe(make_scalar(std::move(out), argument.line));
}

Result<std::optional<Node>> Resolver::select(const Node& argument) {
  TRY(const auto parts, arguments(argument, 2, 2, "Fn::Select"));
  TRY(const auto index, resolve(parts[0]));
  TRY(auto list, resolve(parts[1]));
  if (!index || !list) return Maybe();
  const auto number = integer_of(*index);
  const bool is_there = number && *number >= 0 && list->is_list() &&
                        static_cast<std::uint64_t>(*number) < list->items.size();
  if (!is_there) return error_at(argument, "Fn::Select takes a number and a list that has so many");
  return Maybe(std::move(list->items[static_cast<std::size_t>(*number)]));
}

Result<std::optional<Node>> Resolver::split(const Node& argument) {
  TRY(const auto parts, arguments(argument, 2, 2, "Fn::Split"));
  TRY(const auto text, resolve(parts[1]));
  if (!text) return Maybe();
  if (!parts[0].is_scalar() || parts[0].text.empty() || !text->is_scalar()) {
    return error_at(argument, "Fn::Split takes two texts");
  }
  Node list;
  list.kind = Node::Kind::list;
  list.line = argument.line;
  for (std::size_t at = 0;;) {
    const std::size_t end = text->text.find(parts[0].text, at);
    list.items.push_back(make_scalar(text->text.substr(at, end - at), argument.line));
    TRY(spend(argument, 1));
    if (end == std::string::npos) break;
    at = end + parts[0].text.size();
  }
  return Maybe(std::move(list));
}

Result<std::optional<Node>> Resolver::find_in_map(const Node& argument) {
  TRY(const auto parts, arguments(argument, 3, 3, "Fn::FindInMap"));
  const Node* at = root_.find("Mappings");
  for (const Node& part : parts) {
    TRY(const auto key, resolve(part));
    if (!key) return Maybe();
    const Node* const next = at == nullptr || !key->is_scalar() ? nullptr : at->find(key->text);
    if (next == nullptr) {
      return error_at(argument, "Fn::FindInMap finds no '" + key->text.substr(0, 100) + "'");
    }
    at = next;
  }
  return resolve(*at);
}

Result<std::optional<Node>> Resolver::choose(const Node& argument) {
  TRY(const auto parts, arguments(argument, 3, 3, "Fn::If"));
  TRY(const bool is_true, holds(parts[0]));
  return resolve(is_true ? argument.items[1] : argument.items[2]);
}

Result<bool> Resolver::holds(const Node& condition) {
  if (!condition.is_scalar()) return error_at(condition, "a condition is named by a text");
  const std::string& name = condition.text;
  const auto known = conditions_.find(name);
  if (known != conditions_.end()) return known->second;
  const Node* const all = root_.find("Conditions");
  const Node* const expression = all == nullptr ? nullptr : all->find(name);
  if (expression == nullptr) {
    return error_at(condition, "there is no condition '" + name.substr(0, 100) + "'");
  }
  if (std::find(evaluating_.begin(), evaluating_.end(), name) != evaluating_.end()) {
    return error_at(condition, "the condition " + name.substr(0, 100) + " depends on itself");
  }
  evaluating_.push_back(name);
  const auto value = evaluate(*expression);
  evaluating_.pop_back();
  TRY(const bool is_true, value);
  conditions_[name] = is_true;
  return is_true;
}

Result<bool> Resolver::evaluate(const Node& expression) {
  TRY(spend(expression, 1));
  if (evaluating_.size() + depth_ >= kDepthMax) {
    return error_at(expression, "conditions inside conditions, too deep");
  }
  ++depth_;
  struct Leave {
    std::size_t& depth;
    ~Leave() { --depth; }
  } const leave{depth_};
  if (!expression.is_map() || expression.members.size() != 1) {
    return error_at(expression, "a condition is one of Fn::Equals, And, Or, Not, Condition");
  }
  return evaluate_call(expression.members[0].name, expression.members[0].value);
}

Result<bool> Resolver::evaluate_call(const std::string& name, const Node& argument) {
  if (name == "Condition") return holds(argument);
  if (name == "Fn::Equals") {
    TRY(const auto parts, arguments(argument, 2, 2, name));
    TRY(const auto left, resolve(parts[0]));
    TRY(const auto right, resolve(parts[1]));
    if (!left || !right) return error_at(argument, "Fn::Equals compares what is not known here");
    return left->text == right->text;
  }
  if (name == "Fn::Not") {
    TRY(const auto parts, arguments(argument, 1, 1, name));
    TRY(const bool is_true, evaluate(argument.items[0]));
    return !is_true;
  }
  const bool is_and = name == "Fn::And";
  if (!is_and && name != "Fn::Or") {
    return error_at(argument, "a condition is one of Fn::Equals, And, Or, Not, Condition");
  }
  TRY(const auto parts, arguments(argument, 2, 10, name));
  for (const Node& part : argument.items) {
    TRY(const bool is_true, evaluate(part));
    if (is_true != is_and) return is_true;
  }
  return is_and;
}

}  // namespace proa::templates
