// CloudFormation's intrinsic functions. Private to templates/.
#pragma once

#include "templates/node.h"
#include "templates/templates.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace proa::templates {

/// Replaces intrinsic functions by their values. What cannot be known here (an attribute of a
/// resource that Proa has not got, a function that it does not know) becomes a problem, and the
/// value that needs it is left out. Template, input and problems outlive it.
class Resolver {
 public:
  Resolver(const Node& root, const TemplateInput& input, std::vector<Problem>& problems)
      : root_(root), input_(input), problems_(problems) {}

  /// Checks the parameters. Errc: invalid (one that is given and not declared, or has no value).
  Result<void> start();
  /// The value with everything replaced; nothing where it is left out. Errc: invalid (a reference
  /// to nothing, a wrong shape, too much work).
  Result<std::optional<Node>> resolve(const Node& node);
  /// Whether a resource's Condition holds. Errc: invalid.
  Result<bool> holds(const Node& condition);

 private:
  using Maybe = std::optional<Node>;
  Result<Maybe> call(const std::string& name, const Node& argument);
  Result<Maybe> reference(const Node& name);
  Result<Maybe> reference_to_resource(const std::string& id, const Node& at);
  Result<Maybe> attribute(const Node& argument);
  Result<Maybe> substitute(const Node& argument);
  Result<std::optional<std::string>> value_in_text(const std::string& name, const Node& at);
  Result<Maybe> join(const Node& argument);
  Result<Maybe> select(const Node& argument);
  Result<Maybe> split(const Node& argument);
  Result<Maybe> find_in_map(const Node& argument);
  Result<Maybe> choose(const Node& argument);
  Result<bool> evaluate(const Node& expression);
  Result<bool> evaluate_call(const std::string& name, const Node& argument);
  Result<std::vector<Node>> arguments(const Node& argument, std::size_t least, std::size_t most,
                                      std::string_view name);
  Result<void> spend(const Node& at, std::size_t units);
  std::optional<std::string> pseudo_parameter(std::string_view name) const;
  const Node* resource(std::string_view id) const;
  void cannot(const Node& at, std::string text);

  const Node& root_;
  const TemplateInput& input_;
  std::vector<Problem>& problems_;
  std::map<std::string, std::string> parameters_;
  std::map<std::string, bool> conditions_;  ///< that have been evaluated
  std::vector<std::string> evaluating_;     ///< conditions on the way
  std::size_t depth_ = 0;
  std::size_t spent_ = 0;
};

/// The name a function or layer of the template is deployed with, as far as it is no intrinsic.
std::string plain_name(const Node& resource, std::string_view member, const std::string& id);
bool is_function_type(std::string_view type);
bool is_layer_type(std::string_view type);
/// What only says who may do what: any role will do here.
bool is_role_type(std::string_view type);

}  // namespace proa::templates
