// Schedules of a template's functions, as what `proa deploy` does. Private to cli/.
#pragma once

#include "cli/cli.h"
#include "templates/templates.h"

#include <string>
#include <vector>

namespace proa::cli {

/// Makes or changes each schedule that is not as the template says. The changes in words. Errc: as
/// ask().
Result<std::vector<std::string>> set_schedules(const Surroundings& around,
                                               const templates::TemplateFunction& function);

}  // namespace proa::cli
