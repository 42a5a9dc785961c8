#include "model/kernel_statement.h"

namespace proa::model {

// The first line keeps such a signature from being one of something else by the same key.
std::string text_of(const KernelStatement& statement) {
  return "proa guest kernel 1\nid " + statement.id + "\nkernel " + statement.kernel + "\ninitrd " +
         statement.initrd + "\nmanifest " + statement.manifest + "\n";
}

}  // namespace proa::model
