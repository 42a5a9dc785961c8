// A root of Debian packages: what mmdebstrap is asked for, and what set-up scripts would have done.
#include "os/file.h"
#include "packaging/folder.h"
#include "packaging/packaging.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace proa::packaging {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPackagesMax = 200;
constexpr std::size_t kNameMax = 200;
constexpr int kTimedOut = 124;  ///< timeout(1)
constexpr int kNotFound = 127;  ///< the same

/// Runs when the packages are unpacked, with their root as $1. Scripts of packages do not run, so
/// this does what interpreters need of them: the list of packages, for `proa runtime show`, and the
/// links of alternatives, such as libblas.so.3. Then it takes away what says when and where it was
/// made.
constexpr const char* kHook = R"sh(set -eu
root=$1
mkdir -p "$root/var/lib/dpkg"
: > "$root/var/lib/dpkg/status"
for deb in "$root"/var/cache/apt/archives/*.deb; do
  [ -e "$deb" ] || continue
  dpkg-deb -f "$deb" Package Version Architecture >> "$root/var/lib/dpkg/status"
  printf 'Status: install ok unpacked\n\n' >> "$root/var/lib/dpkg/status"
  dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./postinst 2> /dev/null |
    sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' |
    sed -n 's/.*update-alternatives.*--install *\(\/[^ ]*\) *[^ ]* *\(\/[^ ]*\).*/\1 \2/p' |
    while read -r link target; do
      [ -e "$root$target" ] && [ ! -e "$root$link" ] && [ ! -L "$root$link" ] || continue
      mkdir -p "$root${link%/*}"
      ln -s "$target" "$root$link"
    done
done
rm -f "$root/etc/hostname" "$root/etc/resolv.conf" "$root/etc/machine-id"
rm -rf "$root/var/log"
)sh";

bool is_package_name(const std::string& name) {
  const auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kNameMax && is_alnum(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_alnum(c) || (c >= 'A' && c <= 'Z') ||
                  std::string_view("+-.:=~_").find(c) != std::string_view::npos;
         });
}

Result<void> check_recipe(const RootRecipe& recipe) {
  if (recipe.packages.empty() || recipe.packages.size() > kPackagesMax) {
    return Error(Errc::invalid, "Name 1 to " + std::to_string(kPackagesMax) + " packages");
  }
  for (const std::string& name : recipe.packages) {
    if (is_package_name(name)) continue;
    return Error(Errc::invalid, "'" + name.substr(0, 100) + "' is no name of a Debian package");
  }
  if (!is_package_name(recipe.suite)) {
    return Error(Errc::invalid, "'" + recipe.suite.substr(0, 100) + "' is no name of a suite");
  }
  return ok();
}

std::vector<std::string> words_of(const RootRecipe& recipe) {
  // In the foreground: what the user types reaches it, and it takes its folder away.
  std::vector<std::string> words = {
      "timeout", "--foreground", "30m", recipe.program.string(), "--quiet", "--mode=chrootless",
      "--variant=extract", "--format=tar",
      // Else files belong to another user where root calls this.
      "--aptopt=APT::Sandbox::User \"root\"", "--skip=output/dev,output/mknod",
      std::string("--extract-hook=") + kHook};
  std::vector<std::string> packages = recipe.packages;
  std::sort(packages.begin(), packages.end());
  for (const std::string& name : packages) words.push_back("--include=" + name);
  words.push_back(recipe.suite);
  words.emplace_back("-");
  for (const fs::path& source : recipe.sources) words.push_back(source.string());
  return words;
}

/// The variables of this process, with the time that files of the root get.
std::vector<std::string> build_variables() {
  std::vector<std::string> variables = {"SOURCE_DATE_EPOCH=0", "LC_ALL=C.UTF-8"};
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable(*each);
    if (variable.starts_with("SOURCE_DATE_EPOCH=") || variable.starts_with("LC_ALL=")) continue;
    variables.emplace_back(variable);
  }
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Runs it with `out` as its standard output; its exit status. Errc: os.
Result<int> run_into(std::vector<std::string> words, int out) {
  std::vector<std::string> variables = build_variables();
  const auto arguments = pointers_to(words);
  const auto environment = pointers_to(variables);
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out, 1);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, arguments.front(), &actions, nullptr, arguments.data(),
                                    environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return os_error("start " + words.front(), failed);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return os_error("wait for " + words.front());
  }
  constexpr int kSignalled = 128;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
}

}  // namespace

Result<RootRecipe> host_recipe(const fs::path& etc) {
  constexpr std::string_view kCodename = "VERSION_CODENAME=";
  RootRecipe recipe;
  TRY(const auto release, os::read_file(etc / "os-release"));
  const auto at = ("\n" + release).find("\n" + std::string(kCodename));
  if (at == std::string::npos) {
    return Error(Errc::invalid,
                 "This host is no Debian with a name, in whose packages a runtime could be built");
  }
  const auto begin = at + kCodename.size();
  recipe.suite = release.substr(begin, release.find('\n', begin) - begin);
  std::erase(recipe.suite, '"');
  std::error_code failed;
  if (fs::is_regular_file(etc / "apt/sources.list", failed)) {
    recipe.sources.push_back(etc / "apt/sources.list");
  }
  for (const auto& entry : fs::directory_iterator(etc / "apt/sources.list.d", failed)) {
    const auto kind = entry.path().extension();
    if (kind == ".list" || kind == ".sources") recipe.sources.push_back(entry.path());
  }
  std::sort(recipe.sources.begin(), recipe.sources.end());
  return recipe;
}

Result<Package> build_root(const RootRecipe& recipe) {
  TRY(check_recipe(recipe));
  Package package;
  TRY(package.descriptor, make_nameless_file());
  TRY(const int status, run_into(words_of(recipe), package.descriptor.get()));
  if (status == kNotFound) {
    return Error(Errc::not_found,
                 recipe.program.string() + " is not on this host: install the package mmdebstrap");
  }
  if (status == kTimedOut) return Error(Errc::deadline, "mmdebstrap took more than 30 minutes");
  if (status != 0) {
    return Error(Errc::unavailable, "mmdebstrap ended with status " + std::to_string(status) +
                                        ": what it said is above");
  }
  TRY(package.file, os::MappedFile::map(package.descriptor.get(), "the root"));
  package.digest = sha256(package.bytes());
  return package;
}

}  // namespace proa::packaging
