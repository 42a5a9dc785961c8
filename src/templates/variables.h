// Variables of Serverless files: "${self:custom.x, 'default'}". Private to templates/.
#pragma once

#include "templates/node.h"
#include "templates/templates.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::templates {

/// Replaces variables of the sources self, opt, env, sls and aws. Another source becomes a problem,
/// and the value that needs it is left out. File, input and problems outlive it.
class Variables {
 public:
  Variables(const Node& root, const TemplateInput& input, std::vector<Problem>& problems)
      : root_(root), input_(input), problems_(problems) {}

  /// The value with everything replaced; nothing where it is left out. Errc: invalid (a variable
  /// that has no value, one that needs itself, too much work).
  Result<std::optional<Node>> resolve(const Node& node);

  /// Stage of the deployment: --stage, else the file's own, else "dev".
  Result<std::string> stage();

 private:
  using Maybe = std::optional<Node>;
  Result<Maybe> expand(const std::string& text, const Node& at);
  Result<Maybe> value_of(const std::string& expression, const Node& at);
  Result<Maybe> look_up(std::string_view source, const std::string& address, const Node& at);
  Result<Maybe> from_self(const std::string& address);
  Result<void> spend(const Node& at, std::size_t units);

  const Node& root_;
  const TemplateInput& input_;
  std::vector<Problem>& problems_;
  std::size_t depth_ = 0;
  std::size_t spent_ = 0;
  bool is_left_out_ = false;  ///< what is being looked up needs what Proa cannot give
};

}  // namespace proa::templates
