#include "environment/interpreters.h"

#include "environment/interpreter_version.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace proa::environment {
namespace {

namespace fs = std::filesystem;

const char* title(Language language) { return language == Language::python ? "Python" : "Node"; }

std::string runtime_name(Language language, int generation) {
  if (language == Language::python) return "python3." + std::to_string(generation);
  return "nodejs" + std::to_string(generation) + ".x";
}

bool is_program(const fs::path& file) {
  auto fd = os::open_file(file, O_RDONLY | O_NONBLOCK);
  if (!fd) return false;
  std::array<char, 4> head{};
  return ::pread(fd.value().get(), head.data(), head.size(), 0) == 4 &&
         std::string_view(head.data(), 4) == "\177ELF";
}

// Function code runs as an ordinary user, so what only the owner may read is of no use. Folders
// above what is mounted do not matter.
Result<void> check_readable(const fs::path& path, mode_t wanted) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return os_error(path.string());
  if ((status.st_mode & wanted) == wanted) return ok();
  return Error(Errc::invalid, path.string() + " cannot be read by other users");
}

fs::path library_of(const Interpreter& python) {
  return python.prefix / "lib" / ("python3." + std::to_string(python.generation));
}

Result<void> check_python(const Interpreter& found) {
  const fs::path landmark = library_of(found) / "os.py";
  if (::access(landmark.c_str(), F_OK) != 0) {
    return Error(Errc::invalid, "its standard library is missing: no " + landmark.string());
  }
  if (found.is_in_usr) return ok();
  TRY(check_readable(found.prefix / "bin", S_IXOTH));
  TRY(check_readable(found.prefix / "lib", S_IXOTH));
  TRY(check_readable(library_of(found), S_IXOTH | S_IROTH));
  return check_readable(landmark, S_IROTH);
}

/// 12 of .../python3.12.
std::optional<int> generation_in_name(Language language, const fs::path& executable) {
  constexpr std::string_view kPython = "python";
  const std::string name = executable.filename().string();
  if (language != Language::python || !name.starts_with(kPython)) return std::nullopt;
  const int generation = generation_of(language, std::string_view(name).substr(kPython.size()));
  return generation < 0 ? std::nullopt : std::optional(generation);
}

/// An interpreter by its executable; `expected` is its generation if nothing tells another.
/// Errc: invalid, not_found, os: says why it is of no use.
Result<Interpreter> examine(Language language, const fs::path& executable, const fs::path& usr,
                            std::string place, int expected = -1) {
  std::error_code failed;
  if (fs::exists(executable.parent_path().parent_path() / "pyvenv.cfg", failed)) {
    return Error(Errc::invalid, "it is a virtual environment; name the interpreter it was made of");
  }
  Interpreter found;
  found.language = language;
  found.place = std::move(place);
  found.executable = fs::canonical(executable, failed);
  if (failed) return os_error(executable.string(), failed.value());
  if (!is_program(found.executable)) return Error(Errc::invalid, "it is no program (ELF file)");
  TRY(check_readable(found.executable, S_IXOTH | S_IROTH));
  found.prefix = found.executable.parent_path().parent_path();
  found.is_in_usr = found.prefix == fs::weakly_canonical(usr, failed);
  found.generation = generation_in_name(language, found.executable).value_or(expected);
  found.version = version_in_headers(found);
  const int generation = generation_of(language, found.version);
  if (generation >= 0) found.generation = generation;
  if (language == Language::python) {
    TRY(check_python(found));
  }
  const int oldest = language == Language::python ? kOldestPython : kOldestNode;
  if (found.generation >= 0 && found.generation < oldest) {
    return Error(Errc::invalid, std::string("it is ") + title(language) + " " + found.version +
                                    "; Proa needs " + runtime_name(language, oldest) + " or newer");
  }
  return found;
}

fs::path executable_in(Language language, int generation, const fs::path& prefix) {
  return prefix / "bin" /
         (language == Language::node ? "node" : runtime_name(language, generation));
}

/// Folders of installed versions, `lib/versions/3.12.1`, that are no links.
std::vector<fs::path> version_folders(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failed;
  fs::directory_iterator at(folder, failed);
  for (; !failed && at != fs::directory_iterator(); at.increment(failed)) {
    std::error_code ignored;
    if (!at->is_symlink(ignored) && at->is_directory(ignored)) found.push_back(at->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::array<int, 3> numbers_of(std::string_view version) {
  std::array<int, 3> numbers{};
  for (int& number : numbers) {
    const auto end = std::from_chars(version.data(), version.data() + version.size(), number).ptr;
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (!version.starts_with('.')) break;
    version.remove_prefix(1);
  }
  return numbers;
}

bool is_newer(const Interpreter& one, const Interpreter& other) {
  return numbers_of(one.version) > numbers_of(other.version);
}

/// Every usable interpreter of the language in one prefix: a Python prefix may have several.
void examine_prefix(Language language, const fs::path& prefix, const std::string& place,
                    const fs::path& usr, FoundInterpreters& out) {
  std::vector<fs::path> executables;
  std::error_code failed;
  if (language == Language::node) {
    executables.push_back(prefix / "bin/node");
  } else {
    for (int minor = 0; minor < 100; ++minor) {
      executables.push_back(executable_in(language, minor, prefix));
    }
  }
  for (const fs::path& executable : executables) {
    if (!fs::exists(executable, failed)) continue;
    auto found = examine(language, executable, usr, place);
    if (!found) {
      out.notes.push_back(executable.string() + ": " + found.error().message());
      continue;
    }
    if (found.value().version.empty() && language == Language::node) {
      // nvm's folder is v20.11.1, asdf's 20.11.1.
      std::string name = prefix.filename().string();
      if (name.starts_with('v')) name.erase(0, 1);
      if (generation_of(language, name) >= 0 && !found.value().is_in_usr) {
        found.value().version = name;
        found.value().generation = generation_of(language, name);
      }
    }
    out.interpreters.push_back(std::move(found.value()));
  }
}

/// All of one tool's versions, the newest first.
void examine_tool(Language language, const fs::path& folder, const std::string& place,
                  const fs::path& usr, FoundInterpreters& out) {
  FoundInterpreters found;
  for (const fs::path& prefix : version_folders(folder)) {
    examine_prefix(language, prefix, place, usr, found);
  }
  std::stable_sort(found.interpreters.begin(), found.interpreters.end(), is_newer);
  std::move(found.interpreters.begin(), found.interpreters.end(),
            std::back_inserter(out.interpreters));
  std::move(found.notes.begin(), found.notes.end(), std::back_inserter(out.notes));
}

void examine_home(const fs::path& home, const fs::path& usr, FoundInterpreters& out) {
  examine_tool(Language::python, home / ".pyenv/versions", "pyenv", usr, out);
  examine_tool(Language::node, home / ".nvm/versions/node", "nvm", usr, out);
  examine_tool(Language::python, home / ".asdf/installs/python", "asdf", usr, out);
  examine_tool(Language::node, home / ".asdf/installs/nodejs", "asdf", usr, out);
}

/// The interpreter behind ~/.pyenv/shims/python3.12 or ~/.asdf/shims/node: the newest of the wanted
/// generation.
Result<fs::path> resolve_shim(Language language, int generation, const fs::path& shim,
                              const fs::path& usr) {
  const fs::path tool = shim.parent_path().parent_path();
  FoundInterpreters found;
  examine_tool(language, tool / "versions", "shim", usr, found);
  const char* asdf = language == Language::python ? "installs/python" : "installs/nodejs";
  examine_tool(language, tool / asdf, "shim", usr, found);
  for (const Interpreter& one : found.interpreters) {
    if (one.generation == generation) return one.executable;
  }
  return Error(Errc::invalid, "it is a shim, and there is no " +
                                  runtime_name(language, generation) + " below " + tool.string());
}

Result<Interpreter> examine_given(const GivenRuntime& given, const fs::path& usr) {
  Language language{};
  int generation = -1;
  parse_runtime(given.runtime, language, generation);
  std::error_code failed;
  fs::path path = fs::absolute(given.path, failed);
  if (fs::is_directory(path, failed)) {
    path = executable_in(language, generation, path);
  } else if (path.parent_path().filename() == "shims") {
    TRY(path, resolve_shim(language, generation, path, usr));
  }
  // Without headers it is known only when it can be asked; until then it is what its name promises.
  TRY(auto found, examine(language, path, usr, "--runtime", generation));
  if (found.generation != generation) {
    return Error(Errc::invalid, std::string("it is ") + title(language) + " " + found.version);
  }
  return found;
}

Result<void> complete(Interpreter& one) {
  auto version = ask_version(one.executable);
  if (!version) {
    // Python's generation is known by its library; a Node that tells nothing is of no use.
    if (one.language == Language::node) return version.error();
    one.version = "3." + std::to_string(one.generation);
    return ok();
  }
  const int generation = generation_of(one.language, version.value());
  if (generation < 0 || (one.generation >= 0 && one.generation != generation)) {
    return Error(Errc::invalid, "it says that it is version " + version.value());
  }
  one.version = std::move(version.value());
  one.generation = generation;
  return ok();
}

}  // namespace

std::string Interpreter::runtime() const { return runtime_name(language, generation); }

std::string Interpreter::path_inside() const {
  if (is_in_usr) return "/usr/bin/" + executable.filename().string();
  return "/var/lang/" + runtime() + "/bin/" + executable.filename().string();
}

Result<GivenRuntime> parse_given_runtime(std::string_view text) {
  const auto equals = text.find('=');
  Language language{};
  int generation = -1;
  if (equals == std::string_view::npos || equals + 1 == text.size() ||
      !parse_runtime(text.substr(0, equals), language, generation) ||
      runtime_name(language, generation) != text.substr(0, equals)) {
    return Error(Errc::invalid, "--runtime " + std::string(text) +
                                    ": expected RUNTIME=PATH, e.g. python3.12=/opt/python3.12 or "
                                    "nodejs20.x=/opt/node/bin/node");
  }
  return GivenRuntime{std::string(text.substr(0, equals)), fs::path(text.substr(equals + 1))};
}

Result<FoundInterpreters> find_interpreters(const SearchPlaces& places) {
  FoundInterpreters out;
  for (const GivenRuntime& given : places.given) {
    auto found = examine_given(given, places.usr);
    if (!found) {
      return found.error().with_context("--runtime " + given.runtime + "=" + given.path.string());
    }
    out.interpreters.push_back(std::move(found.value()));
  }
  const std::string place = (places.usr / "bin").string();
  examine_prefix(Language::python, places.usr, place, places.usr, out);
  examine_prefix(Language::node, places.usr, place, places.usr, out);
  for (const fs::path& home : places.homes) examine_home(home, places.usr, out);
  drop_duplicates(out.interpreters);
  return out;
}

Result<void> complete_versions(FoundInterpreters& found) {
  std::vector<Interpreter> kept;
  for (Interpreter& one : found.interpreters) {
    auto completed = one.version.empty() ? complete(one) : Result<void>(ok());
    if (completed) {
      kept.push_back(std::move(one));
    } else if (one.place == "--runtime") {
      return completed.error().with_context("--runtime " + one.runtime() + "=" +
                                            one.executable.string());
    } else {
      found.notes.push_back(one.executable.string() + ": " + completed.error().message());
    }
  }
  found.interpreters = std::move(kept);
  drop_duplicates(found.interpreters);
  return ok();
}

void drop_duplicates(std::vector<Interpreter>& interpreters) {
  std::vector<Interpreter> kept;
  for (Interpreter& one : interpreters) {
    const auto is_same = [&](const Interpreter& other) {
      return other.language == one.language && other.generation == one.generation;
    };
    if (std::none_of(kept.begin(), kept.end(), is_same)) kept.push_back(std::move(one));
  }
  interpreters = std::move(kept);
}

std::vector<LanguageMount> language_mounts(const std::vector<Interpreter>& interpreters) {
  std::vector<LanguageMount> mounts;
  std::error_code failed;
  for (const Interpreter& one : interpreters) {
    if (one.is_in_usr) continue;
    const std::string folder = one.runtime();
    if (one.language == Language::node) {
      // Node needs no other file; its folder may well be somebody's ~/bin.
      mounts.push_back({one.executable, folder + "/bin/" + one.executable.filename().string()});
      continue;
    }
    for (const char* part : {"bin", "lib", "lib64"}) {
      if (!fs::is_directory(one.prefix / part, failed)) continue;
      mounts.push_back({fs::canonical(one.prefix / part, failed), folder + "/" + part});
    }
    // What was installed there for other purposes would come before the bundled packages.
    const std::string packages = "lib/" + library_of(one).filename().string() + "/site-packages";
    if (fs::is_directory(one.prefix / packages, failed)) {
      mounts.push_back({fs::path(), folder + "/" + packages});
    }
  }
  return mounts;
}

bool parse_runtime(std::string_view runtime, Language& language, int& generation) {
  const auto number = [&](std::string_view text) {
    generation = 0;
    const auto end = text.data() + text.size();
    return std::from_chars(text.data(), end, generation).ec == std::errc{} || text.empty();
  };
  constexpr std::string_view kPython = "python3.";
  constexpr std::string_view kNode = "nodejs";
  if (runtime.starts_with(kPython)) {
    language = Language::python;
    return runtime.size() > kPython.size() && number(runtime.substr(kPython.size()));
  }
  language = Language::node;
  return runtime.starts_with(kNode) && number(runtime.substr(kNode.size()));
}

int generation_of(Language language, std::string_view version) {
  int major = -1;
  const char* end = version.data() + version.size();
  const auto first = std::from_chars(version.data(), end, major);
  if (first.ec != std::errc{}) return -1;
  if (language == Language::node) return major;
  int minor = -1;
  if (major != 3 || first.ptr == end || *first.ptr != '.') return -1;
  if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc{}) return -1;
  return minor;
}

}  // namespace proa::environment
