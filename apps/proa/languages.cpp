#include "languages.h"

#include <boost/json.hpp>
#include <pwd.h>

#include <charconv>
#include <cstdlib>

namespace proa::apps {
namespace {

namespace fs = std::filesystem;

void add_home(const passwd* entry, std::vector<fs::path>& homes) {
  if (entry == nullptr || entry->pw_dir == nullptr || entry->pw_dir[0] != '/') return;
  homes.emplace_back(entry->pw_dir);
}

/// Interpreters in a home belong to whoever starts the daemon: root, and the user behind sudo.
std::vector<fs::path> homes_to_search() {
  std::vector<fs::path> homes;
  if (const char* text = std::getenv("SUDO_UID")) {
    uid_t uid = 0;
    const std::string_view digits(text);
    const auto end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, uid);
    if (parsed.ec == std::errc{} && parsed.ptr == end && uid != 0) {
      add_home(::getpwuid(uid), homes);
    }
  }
  add_home(::getpwuid(0), homes);
  return homes;
}

boost::json::object describe(const environment::Interpreter& one) {
  boost::json::object out;
  out["runtime"] = one.runtime();
  out["version"] = one.version;
  out["path"] = one.executable.string();
  out["found_in"] = one.place;
  return out;
}

}  // namespace

fs::path beside_program(const char* name) {
  std::error_code failed;
  return fs::read_symlink("/proc/self/exe", failed).parent_path() / name;
}

fs::path own_program(const char* name) {
  fs::path beside = beside_program(name);
  std::error_code failed;
  if (fs::exists(beside, failed)) return beside;
  return beside_program("../libexec/proa") / name;
}

Result<environment::FoundInterpreters> search_interpreters(const ServeOptions& options) {
  environment::SearchPlaces places;
  for (const std::string& text : options.interpreters) {
    TRY(auto given, environment::parse_given_runtime(text));
    places.given.push_back(std::move(given));
  }
  places.homes = homes_to_search();
  return environment::find_interpreters(places);
}

Result<BundledPackages> find_bundled(const ServeOptions& options) {
  const bool is_given = !options.bundled.empty();
  const fs::path folder = is_given ? options.bundled : beside_program("../share/proa/bundled");
  BundledPackages found;
  std::error_code failed;
  const auto existing = [&](const char* part) {
    const fs::path whole = fs::canonical(folder / part, failed);
    return !failed && fs::is_directory(whole, failed) ? whole : fs::path();
  };
  found.python = existing("python");
  found.node_modules = existing("node/node_modules");
  if (is_given && found.python.empty() && found.node_modules.empty()) {
    return Error(Errc::invalid, "--bundled " + folder.string() +
                                    ": there is neither python/ nor node/node_modules/ in it");
  }
  return found;
}

boost::json::object BundledPackages::status() const {
  const auto show = [](const fs::path& folder) {
    return folder.empty() ? boost::json::value() : boost::json::value(folder.string());
  };
  return {{"python", show(python)}, {"node", show(node_modules)}};
}

std::vector<launcher::HostMount> mounts_of(const environment::FoundInterpreters& found,
                                           const BundledPackages& bundled) {
  std::vector<launcher::HostMount> mounts;
  for (auto& mount : environment::language_mounts(found.interpreters)) {
    mounts.push_back({std::move(mount.source), fs::path("var/lang") / mount.target});
  }
  if (!bundled.python.empty()) mounts.push_back({bundled.python, "var/runtime/python_modules"});
  if (!bundled.node_modules.empty()) {
    mounts.push_back({bundled.node_modules, "var/runtime/node_modules"});
  }
  return mounts;
}

void log_interpreters(const environment::FoundInterpreters& found, const telemetry::Logger& log) {
  for (const environment::Interpreter& one : found.interpreters) {
    log.info("interpreter_found", {{"runtime", one.runtime()},
                                   {"version", one.version},
                                   {"path", one.executable.string()},
                                   {"found_in", one.place}});
  }
  for (const std::string& note : found.notes) log.warn("interpreter_not_used", {{"reason", note}});
}

boost::json::array interpreters_status(const environment::RuntimePrograms& programs) {
  boost::json::array out;
  for (const environment::Interpreter& one : programs.interpreters()) {
    out.push_back(describe(one));
  }
  return out;
}

}  // namespace proa::apps
