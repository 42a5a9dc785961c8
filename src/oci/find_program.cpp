#include "oci/image_tree.h"
#include "oci/oci.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

namespace proa::oci {
namespace {

/// A file that somebody may execute.
bool is_program(int root, const std::string& path) {
  const auto file = open_in_root(root, path, O_PATH);
  struct stat status {};
  return file && ::fstat(file.value().get(), &status) == 0 && S_ISREG(status.st_mode) &&
         (status.st_mode & S_IXOTH) != 0;
}

}  // namespace

Result<std::string> find_program(int folder, const std::string& name, std::string_view path,
                                 const std::string& directory) {
  const auto not_there = [&name] {
    return Error(Errc::not_found, "there is no program " + name.substr(0, 300) + " in the image");
  };
  if (name.empty()) return not_there();
  if (name.find('/') != std::string::npos) {
    const std::string whole = name.starts_with('/') ? name : directory + "/" + name;
    if (!is_program(folder, whole)) return not_there();
    return whole;
  }
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string place(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    if (!place.starts_with('/')) continue;
    std::string whole = place + (place.ends_with('/') ? "" : "/") + name;
    if (is_program(folder, whole)) return whole;
  }
  return not_there();
}

}  // namespace proa::oci
