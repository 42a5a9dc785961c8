// What a root folder holds, as its files say: foreign bytes, of which nothing is run.
#include "oci/image_tree.h"
#include "oci/oci.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <optional>

namespace proa::oci {
namespace {

constexpr const char* kPackageList = "var/lib/dpkg/status";
constexpr std::string_view kPlaces = "/usr/local/bin:/usr/bin:/bin";
constexpr std::size_t kListMax = std::size_t{32} * 1024 * 1024;
constexpr std::size_t kHeaderMax = std::size_t{256} * 1024;
constexpr int kPythonFirst = 7;
constexpr int kPythonLast = 30;

/// The text of a file; none where there is no such file. Errc: too_large, os.
Result<std::optional<std::string>> text_in_root(int root, const std::string& path,
                                                std::size_t most) {
  auto file = open_in_root(root, path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (!file || ::fstat(file.value().get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::optional<std::string>();
  }
  if (static_cast<std::uint64_t>(status.st_size) > most) {
    return Error(Errc::too_large,
                 "The root's /" + path + " is larger than " + std::to_string(most) + " bytes");
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::pread(file.value().get(), text.data() + size, text.size() - size,
                                static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("read /" + path + " of a root");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return std::optional<std::string>(std::move(text));
}

/// The part of a version that is the program's own: "3.11.2" of "1:3.11.2-6+deb12u4".
std::string plain_version(std::string_view version) {
  const auto epoch = version.find(':');
  if (epoch != std::string_view::npos) version.remove_prefix(epoch + 1);
  const auto end = version.find_first_not_of("0123456789.");
  std::string plain(version.substr(0, end));
  while (plain.ends_with('.')) plain.pop_back();
  return plain;
}

bool is_package_text(std::string_view text) {
  constexpr std::size_t kTextMax = 200;
  return !text.empty() && text.size() <= kTextMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                  std::string_view("+-.:~_").find(c) != std::string_view::npos;
         });
}

/// Of deb-control(5) stanzas; what has no sound name and version is left out.
std::vector<RootPackage> parse_package_list(std::string_view text) {
  std::vector<RootPackage> packages;
  RootPackage one;
  bool is_there = true;
  const auto end_stanza = [&] {
    if (is_there && is_package_text(one.name) && is_package_text(one.version)) {
      packages.push_back(std::move(one));
    }
    one = {};
    is_there = true;
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) end_stanza();
    if (line.starts_with("Package: ")) one.name = line.substr(9);
    if (line.starts_with("Version: ")) one.version = line.substr(9);
    if (line.starts_with("Status: ")) {
      is_there = line.ends_with(" installed") || line.ends_with(" unpacked");
    }
  }
  end_stanza();
  std::ranges::sort(packages, {}, &RootPackage::name);
  return packages;
}

std::string version_of_package(const std::vector<RootPackage>& packages, const std::string& name) {
  const auto found = std::ranges::find(packages, name, &RootPackage::name);
  return found == packages.end() ? std::string() : plain_version(found->version);
}

/// What stands behind `#define NAME`, without quotes.
std::string defined(std::string_view header, std::string_view name) {
  const std::string begin = "#define " + std::string(name) + " ";
  const auto at = header.find(begin);
  if (at == std::string_view::npos) return {};
  std::string_view rest = header.substr(at + begin.size());
  rest = rest.substr(0, rest.find('\n'));
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '"')) rest.remove_prefix(1);
  return plain_version(rest);
}

/// "/usr/local" of "/usr/local/bin/node", without the slash in front.
std::string prefix_of(const std::string& program) {
  const auto bin = program.rfind("/bin/");
  return bin == 0 ? "usr" : program.substr(1, bin - 1);
}

/// Errc: invalid, where it is a program for another machine.
Result<void> check_machine(int root, const std::string& program, std::string_view architecture) {
  constexpr std::size_t kMachineAt = 18;
  std::array<unsigned char, 20> begin{};
  const auto file = open_in_root(root, program, O_RDONLY);
  if (!file || ::pread(file.value().get(), begin.data(), begin.size(), 0) !=
                   static_cast<ssize_t>(begin.size())) {
    return ok();
  }
  const bool is_elf = begin[0] == 0x7f && begin[1] == 'E' && begin[2] == 'L' && begin[3] == 'F';
  const unsigned machine = begin[kMachineAt] + 256U * begin[kMachineAt + 1];
  const std::string_view made_for = machine == 62    ? "x86_64"
                                    : machine == 183 ? "arm64"
                                                     : "another machine";
  if (!is_elf || architecture.empty() || made_for == architecture) return ok();
  return Error(Errc::invalid, "The root's " + program + " is for " + std::string(made_for) +
                                  ", and this host is " + std::string(architecture));
}

Result<void> add_python(int root, int generation, std::string_view architecture,
                        RootContents& contents) {
  const std::string language = "3." + std::to_string(generation);
  const auto found = find_program(root, "python" + language, kPlaces, "/");
  if (!found) return ok();
  RootInterpreter one{"python" + language, {}, found.value()};
  TRY(check_machine(root, one.program, architecture));
  TRY(const auto header,
      text_in_root(root, prefix_of(one.program) + "/include/python" + language + "/patchlevel.h",
                   kHeaderMax));
  if (header) one.version = defined(*header, "PY_VERSION");
  if (one.version.empty()) {
    one.version = version_of_package(contents.packages, "python" + language + "-minimal");
  }
  if (!one.version.starts_with(language + ".")) one.version = language;
  contents.interpreters.push_back(std::move(one));
  return ok();
}

Result<void> add_node(int root, std::string_view architecture, RootContents& contents) {
  const auto found = find_program(root, "node", kPlaces, "/");
  if (!found) return ok();
  RootInterpreter one{{}, {}, found.value()};
  TRY(check_machine(root, one.program, architecture));
  TRY(const auto header,
      text_in_root(root, prefix_of(one.program) + "/include/node/node_version.h", kHeaderMax));
  if (header && !defined(*header, "NODE_MAJOR_VERSION").empty()) {
    one.version = defined(*header, "NODE_MAJOR_VERSION") + "." +
                  defined(*header, "NODE_MINOR_VERSION") + "." +
                  defined(*header, "NODE_PATCH_VERSION");
  } else {
    one.version = version_of_package(contents.packages, "nodejs");
  }
  const std::string generation = one.version.substr(0, one.version.find('.'));
  // What does not say of which generation it is serves none.
  if (generation.empty()) return ok();
  one.runtime = "nodejs" + generation + ".x";
  contents.interpreters.push_back(std::move(one));
  return ok();
}

}  // namespace

Result<RootContents> read_root(int folder, std::string_view architecture) {
  RootContents contents;
  TRY(const auto list, text_in_root(folder, kPackageList, kListMax));
  if (list) contents.packages = parse_package_list(*list);
  for (int generation = kPythonFirst; generation <= kPythonLast; ++generation) {
    TRY(add_python(folder, generation, architecture, contents));
  }
  TRY(add_node(folder, architecture, contents));
  return contents;
}

}  // namespace proa::oci
