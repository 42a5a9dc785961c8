// The host's interpreters as `proa serve` finds, shows and passes them on.
#pragma once

#include "environment/environment.h"
#include "launcher/launcher.h"
#include "serve_options.h"
#include "telemetry/telemetry.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <filesystem>
#include <vector>

namespace proa::apps {

/// Packages that functions need not ship, as on Lambda; empty paths where there are none.
struct BundledPackages {
  std::filesystem::path python;        ///< a folder for sys.path: boto3 and what it needs
  std::filesystem::path node_modules;  ///< @aws-sdk/...

  boost::json::object status() const;
};

/// Looks where the options, the distribution and the homes of root and of who called sudo say. As
/// root; nothing found is executed. Errc: invalid (an option --runtime that cannot be used).
Result<environment::FoundInterpreters> search_interpreters(const ServeOptions& options);
/// `name` from the folder of the running program.
std::filesystem::path beside_program(const char* name);

/// A program of ours that users do not call: beside this one (as built), else in ../libexec/proa
/// (as installed).
std::filesystem::path own_program(const char* name);
/// The folders of bundled packages that exist: --bundled, or what was built beside the program.
/// Errc: invalid (--bundled names a folder without any).
Result<BundledPackages> find_bundled(const ServeOptions& options);
/// What the launcher shows of both to every environment.
std::vector<launcher::HostMount> mounts_of(const environment::FoundInterpreters& found,
                                           const BundledPackages& bundled);
/// A log line for each, and for each note.
void log_interpreters(const environment::FoundInterpreters& found, const telemetry::Logger& log);
/// The list in GET /proa/v1/status.
boost::json::array interpreters_status(const environment::RuntimePrograms& programs);

}  // namespace proa::apps
