// Which modules a kernel's package has, and which one needs which. Private to kernels/.
#pragma once

#include "base/result.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace proa::kernels {

/// Wanted module names have '_' where files may have '-', as in the kernel.
struct Module {
  std::string name;  ///< "virtio_rng"
  std::string path;  ///< below the folder of the modules: "kernel/drivers/.../virtio-rng.ko"
};

/// What depmod(8) has written about a folder of modules; a value.
class ModuleIndex {
 public:
  /// Takes modules.dep ("PATH: PATH PATH" a line) and modules.builtin (a path a line), any bytes.
  /// Errc: corrupt (names the file and the line).
  static Result<ModuleIndex> parse(std::string_view dependencies, std::string_view builtin);

  /// These modules and all that they need, each once and behind what it needs. What is built into
  /// the kernel is not among them. Errc: corrupt (a module is neither there nor built in, or needs
  /// itself; names it).
  Result<std::vector<Module>> load_order(const std::vector<std::string>& wanted) const;

 private:
  struct Entry {
    std::string path;
    std::vector<std::string> needs;  ///< paths
  };
  class Walk;

  std::map<std::string, Entry, std::less<>> modules_;  ///< by name
  std::set<std::string, std::less<>> builtin_;         ///< names
};

}  // namespace proa::kernels
