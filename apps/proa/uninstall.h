// proa uninstall: takes back what Proa has made on this host besides its data.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace proa::apps {

struct UninstallOptions {
  std::filesystem::path data = "/var/lib/proa";
  std::filesystem::path launcher;  ///< empty: beside the program
  bool wants_purge = false;
  bool is_sure = false;
  bool is_chosen = false;  ///< the verb was on the command line
};

/// Adds the verb `uninstall` to `app`.
void add_uninstall(CLI::App& app, UninstallOptions& options);

/// Does it and says so on standard output; the exit status (docs/reference/command-line.md).
int uninstall(const UninstallOptions& options);

}  // namespace proa::apps
