// proa deploy --template FILE. Private to cli/.
#pragma once

#include "cli/cli.h"

#include <string>
#include <vector>

namespace proa::cli {

struct TemplateWords {
  std::string file;
  std::vector<std::string> parameters;  ///< NAME=VALUE
  std::string stage;
  std::string stack = "proa";
  bool skips_unsupported = false;
  bool is_dry_run = false;
  bool is_json = false;
};

/// Reads, packs and checks all that the file describes; then deploys the layers, then the
/// functions. The text to print. When something fails on the way, the message says what had been
/// deployed; doing it again goes on there. Errc: invalid (the file, or what Proa cannot do, each
/// with its line), and as ask().
Result<std::string> deploy_template(const Surroundings& around, const TemplateWords& words);

}  // namespace proa::cli
