// Function URLs in templates. Private to templates/.
#pragma once

#include "templates/node.h"
#include "templates/templates.h"

namespace proa::templates {

/// FunctionUrlConfig of a SAM function. Errc: invalid (names the line).
Result<void> read_sam_url(TemplateFunction& function, const Node& config, Template& out);
/// `url` of a Serverless function: true, or an object. Errc: invalid (names the line).
Result<void> read_serverless_url(TemplateFunction& function, const Node& config, Template& out);

}  // namespace proa::templates
