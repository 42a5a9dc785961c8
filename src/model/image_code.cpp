#include "model/image_code.h"

namespace proa::model {

// As with every container: what is set of the function replaces what the image says, each by
// itself.
std::vector<std::string> ImageCode::arguments() const {
  std::vector<std::string> all = defaults.entry_point;
  std::vector<std::string> rest = defaults.command;
  if (overrides && overrides->entry_point) all = *overrides->entry_point;
  if (overrides && overrides->command) rest = *overrides->command;
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

std::string ImageCode::working_directory() const {
  std::string folder = defaults.working_directory;
  if (overrides && overrides->working_directory) folder = *overrides->working_directory;
  return folder.starts_with('/') ? folder : "/" + folder;
}

}  // namespace proa::model
