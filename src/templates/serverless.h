// Files of the Serverless Framework. Private to templates/.
#pragma once

#include "templates/node.h"
#include "templates/templates.h"

namespace proa::templates {

/// Errc as read_template().
Result<Template> read_serverless(const Node& root, const TemplateInput& input);

}  // namespace proa::templates
