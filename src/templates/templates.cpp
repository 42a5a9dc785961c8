#include "templates/templates.h"

#include "templates/node.h"
#include "templates/sam.h"
#include "templates/serverless.h"

#include <algorithm>

namespace proa::templates {
namespace {

void sort_by_line(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  // A provider's or global's value is looked at once a function.
  const auto is_same = [](const Problem& a, const Problem& b) {
    return a.line == b.line && a.text == b.text;
  };
  problems.erase(std::unique(problems.begin(), problems.end(), is_same), problems.end());
}

}  // namespace

std::string layer_placeholder(std::string_view id) {
  return "\x01layer:" + std::string(id) + "\x01";
}

Result<Template> read_template(std::string_view text, const TemplateInput& input) {
  TRY(const auto root, read_node(text, {}));
  const bool is_sam = root.find("Resources") != nullptr;
  const bool is_serverless = root.find("functions") != nullptr || root.find("provider") != nullptr;
  if (is_sam == is_serverless) {
    return Error(Errc::invalid,
                 "it is neither a SAM or CloudFormation template (with Resources) nor a file of "
                 "the Serverless Framework (with provider and functions)");
  }
  auto read = is_sam ? read_sam(root, input) : read_serverless(root, input);
  if (!read) return read;
  sort_by_line(read.value().problems);
  sort_by_line(read.value().notes);
  return read;
}

}  // namespace proa::templates
