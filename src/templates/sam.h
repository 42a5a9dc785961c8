// SAM and CloudFormation. Private to templates/.
#pragma once

#include "templates/node.h"
#include "templates/templates.h"

namespace proa::templates {

/// Errc as read_template().
Result<Template> read_sam(const Node& root, const TemplateInput& input);

}  // namespace proa::templates
