// Uploaded zips: any bytes, unpacked into a folder in memory. What comes out must be within the
// limits and hold only files, folders and links that stay inside; nothing may appear beside it.
#include "base/check.h"
#include "catalog/package.h"
#include "os/file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

namespace fs = std::filesystem;

/// The folder of this process, with the tree inside; removed when it ends.
class Workplace {
 public:
  Workplace() {
    std::string name = "/dev/shm/proa-zip-fuzz-XXXXXX";
    proa::check(::mkdtemp(name.data()) != nullptr, "cannot make a folder in /dev/shm");
    folder_ = name;
  }
  ~Workplace() { fs::remove_all(folder_); }
  fs::path folder() const { return folder_; }

 private:
  fs::path folder_;
};

bool leads_outside(int root, const std::string& link) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH;
  const proa::os::UniqueFd fd(
      static_cast<int>(::syscall(SYS_openat2, root, link.c_str(), &how, sizeof how)));
  return !fd && errno == EXDEV;
}

void check_tree(int root, const fs::path& tree, std::uint64_t bytes,
                const proa::catalog::PackageLimits& limits) {
  std::size_t nodes = 0;
  std::uint64_t found = 0;
  for (const auto& item : fs::recursive_directory_iterator(tree)) {
    ++nodes;
    struct stat status {};
    proa::check(::lstat(item.path().c_str(), &status) == 0, "a node vanished");
    const bool is_link = S_ISLNK(status.st_mode);
    proa::check(is_link || S_ISDIR(status.st_mode) || S_ISREG(status.st_mode), "a special node");
    proa::check(is_link || (status.st_mode & 07000U) == 0, "setuid, setgid or sticky");
    proa::check(!S_ISREG(status.st_mode) || status.st_nlink == 1, "a hard link");
    if (S_ISREG(status.st_mode)) found += static_cast<std::uint64_t>(status.st_size);
    const auto relative = item.path().lexically_relative(tree).string();
    proa::check(!is_link || !leads_outside(root, relative), "a link leads outside");
  }
  proa::check(nodes <= limits.nodes_max, "too many nodes");
  proa::check(found == bytes && found <= limits.unpacked_bytes_max, "the size is wrong");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Workplace workplace;
  const proa::catalog::PackageLimits limits{1U << 20U, 1U << 18U, 32, false};
  const std::string_view zip(reinterpret_cast<const char*>(data), size);
  const auto declared = proa::catalog::unpacked_size(zip, limits);
  if (!declared) return 0;
  const fs::path tree = workplace.folder() / "tree";
  fs::create_directory(tree);
  auto root = proa::os::open_file(tree, O_RDONLY | O_DIRECTORY);
  proa::check(root.has_value(), "cannot open the tree");
  const auto unpacked = proa::catalog::unpack_package(zip, root.value().get(), limits);
  if (unpacked) {
    proa::check(unpacked.value() == declared.value(), "declared and real size differ");
    check_tree(root.value().get(), tree, unpacked.value(), limits);
  }
  fs::remove_all(tree);
  proa::check(fs::is_empty(workplace.folder()), "something was written outside the tree");
  return 0;
}
