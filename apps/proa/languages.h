// The host's interpreters as `proa serve` finds, shows and passes them on.
#pragma once

#include "environment/environment.h"
#include "launcher/launcher.h"
#include "serve_options.h"

#include <boost/json/array.hpp>

#include <vector>

namespace proa::apps {

/// Looks where the options, the distribution and the homes of root and of who called sudo say. As
/// root; nothing found is executed. Errc: invalid (an option --runtime that cannot be used).
Result<environment::FoundInterpreters> search_interpreters(const ServeOptions& options);
/// What the launcher shows of them to every environment.
std::vector<launcher::LanguageMount> mounts_of(const environment::FoundInterpreters& found);
/// A log line for each, and for each note.
void log_interpreters(const environment::FoundInterpreters& found);
/// The list in GET /proa/v1/status.
boost::json::array interpreters_status(const environment::RuntimePrograms& programs);

}  // namespace proa::apps
