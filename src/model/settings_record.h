// Proa's own settings of a function, each with where it came from (`proa explain`).
#pragma once

#include "base/decision_record.h"
#include "model/settings.h"

#include <map>
#include <string>
#include <vector>

namespace proa::model {

/// Isolation, network and idle policy that `settings` has, which parse_settings() made of `tags`.
std::vector<DecisionRecord> explain_settings(const Settings& settings,
                                             const std::map<std::string, std::string>& tags);

/// Log group, format and levels.
DecisionRecord explain_logging(const FunctionVersion& function);

}  // namespace proa::model
