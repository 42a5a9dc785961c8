#include "catalog/native_modules.h"

#include "catalog/elf_header.h"
#include "catalog/node_addons.h"
#include "os/file.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace proa::catalog {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCpythonMark = ".cpython-";

bool is_native_name(std::string_view name) {
  return name == "bootstrap" || name.ends_with(".node") || name.ends_with(".so") ||
         name.find(".so.") != std::string_view::npos;
}

/// Words between '-', '_' and '.' that say a folder belongs to one kind of machine.
bool is_platform_word(std::string_view word) {
  static constexpr std::array<std::string_view, 24> kWords{
      "x64",   "x86",     "amd64",   "i386",     "i686",  "ia32",    "arm",     "arm64",
      "armv6", "armv7",   "armv7l",  "armhf",    "armv8", "aarch64", "ppc64",   "ppc64le",
      "s390x", "riscv64", "loong64", "mips64el", "musl",  "android", "freebsd", "x32"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool is_platform_folder(std::string_view name) {
  if (name == "x86_64" || name.find("x86_64") != std::string_view::npos) return true;
  while (!name.empty()) {
    const auto end = std::min(name.find_first_of("-_."), name.size());
    if (is_platform_word(name.substr(0, end))) return true;
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return false;
}

/// "3.11" and "3.11.2" give "311"; anything else nothing.
std::string abi_number(std::string_view version) {
  const auto dot = version.find('.');
  if (dot == std::string_view::npos) return {};
  const auto minor = version.substr(dot + 1);
  return std::string(version.substr(0, dot)) + std::string(minor.substr(0, minor.find('.')));
}

/// "311" gives "3.11".
std::string dotted(const std::string& abi) { return abi.substr(0, 1) + "." + abi.substr(1); }

/// A folder that says which Python it is for, and it is another one: lib/python3.9/site-packages.
bool is_other_python(std::string_view folder, const std::string& abi) {
  static constexpr std::string_view kPrefix = "python3.";
  return folder.starts_with(kPrefix) && abi_number(folder.substr(6)) != abi;
}

class Scan {
 public:
  Scan(const fs::path& tree, const NativeTarget& target) : tree_(tree), target_(target) {
    if (target.runtime.starts_with("python") && target.interpreter_version) {
      python_abi_ = abi_number(*target.interpreter_version);
    }
    if (target.runtime.starts_with("nodejs") && target.interpreter_version) {
      node_abi_ = node_abi(*target.interpreter_version);
    }
  }

  Result<void> run();

 private:
  Result<void> check_file(const fs::path& file) const;
  Result<void> check_machine(const fs::path& relative, const ElfHeader& header) const;
  Result<void> check_python(const fs::path& file, const fs::path& relative) const;
  Result<void> check_node(const fs::path& file, const fs::path& relative) const;
  bool has_fitting_sibling(const fs::path& file) const;

  const fs::path& tree_;
  const NativeTarget& target_;
  std::string python_abi_;       ///< empty: not checked
  std::optional<int> node_abi_;  ///< none: not checked
};

Result<void> Scan::run() {
  std::error_code error;
  fs::recursive_directory_iterator at(tree_, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (at->is_symlink(ignored) || !at->is_regular_file(ignored)) continue;
    if (!is_native_name(at->path().filename().native())) continue;
    TRY(check_file(at->path()));
  }
  if (error) return os_error("list " + tree_.string(), error.value());
  return ok();
}

Result<void> Scan::check_file(const fs::path& file) const {
  auto fd = os::open_file(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd && fd.error().os_errno() == EACCES) return ok();  // the function cannot read it either
  if (!fd) return fd.error();
  std::array<std::byte, kElfHeaderBytes> bytes{};
  ssize_t count = -1;
  do {
    count = ::pread(fd.value().get(), bytes.data(), bytes.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return os_error("read " + file.string());
  const auto header = parse_elf_header(std::span(bytes).first(static_cast<std::size_t>(count)));
  if (!header) return ok();
  const fs::path relative = file.lexically_relative(tree_);
  TRY(check_machine(relative, *header));
  TRY(check_node(file, relative));
  return check_python(file, relative);
}

Result<void> Scan::check_machine(const fs::path& relative, const ElfHeader& header) const {
  const bool is_arm = target_.architecture == "arm64";
  const std::uint16_t machine = is_arm ? EM_AARCH64 : EM_X86_64;
  if (header.machine == machine && header.is_64_bit && header.is_little_endian) return ok();
  for (const auto& folder : relative.parent_path()) {
    if (is_platform_folder(folder.native())) return ok();
  }
  return Error(Errc::invalid, "File '" + relative.string() + "' is built for " +
                                  machine_name(header) + ", but the function's architecture is " +
                                  target_.architecture + ".");
}

Result<void> Scan::check_python(const fs::path& file, const fs::path& relative) const {
  if (python_abi_.empty()) return ok();
  const auto tag = cpython_tag(file.filename().native());
  if (!tag || *tag == python_abi_ || has_fitting_sibling(file)) return ok();
  for (const auto& folder : relative.parent_path()) {
    if (is_other_python(folder.native(), python_abi_)) return ok();
  }
  return Error(Errc::invalid, "File '" + relative.string() + "' is built for CPython " +
                                  dotted(*tag) + ", but runtime " + target_.runtime +
                                  " runs here on CPython " + dotted(python_abi_) +
                                  ". Build the package for that version.");
}

// Packages with prebuilt addons have one for each ABI, side by side, and pick by name.
Result<void> Scan::check_node(const fs::path& file, const fs::path& relative) const {
  const std::string name = file.filename().string();
  if (!node_abi_ || !name.ends_with(".node") || name.find(".abi") != std::string::npos) return ok();
  for (const auto& folder : relative.parent_path()) {
    if (folder == "prebuilds" || is_platform_folder(folder.native())) return ok();
  }
  TRY(const auto bytes, os::read_file(file));
  const auto abi = addon_abi(bytes);
  if (!abi || abi == node_abi_) return ok();
  const auto node = node_of_abi(*abi);
  return Error(Errc::invalid,
               "File '" + relative.string() + "' is built for " +
                   (node ? "Node " + std::to_string(*node) : "Node's ABI " + std::to_string(*abi)) +
                   ", but runtime " + target_.runtime + " runs here on Node " +
                   *target_.interpreter_version + ". Build the package for that version.");
}

/// The same module for the Python that runs, for any (abi3), or without a tag.
bool Scan::has_fitting_sibling(const fs::path& file) const {
  const std::string name = file.filename().string();
  const std::string module = name.substr(0, name.find(kCpythonMark));
  std::error_code error;
  for (fs::directory_iterator at(file.parent_path(), error), end; !error && at != end;
       at.increment(error)) {
    const std::string sibling = at->path().filename().string();
    if (sibling == module + ".so" || sibling == module + ".abi3.so") return true;
    if (sibling.starts_with(module + std::string(kCpythonMark)) && sibling.ends_with(".so") &&
        cpython_tag(sibling) == python_abi_) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string> cpython_tag(std::string_view file_name) {
  const auto mark = file_name.find(kCpythonMark);
  if (mark == std::string_view::npos || !file_name.ends_with(".so")) return std::nullopt;
  const auto rest = file_name.substr(mark + kCpythonMark.size());
  const auto digits = rest.substr(0, std::min(rest.find_first_of("-."), rest.size()));
  if (digits.size() < 2 || digits.size() > 5) return std::nullopt;
  return std::string(digits);
}

Result<void> check_native_modules(const fs::path& tree, const NativeTarget& target) {
  return Scan(tree, target).run();
}

}  // namespace proa::catalog
