#include "languages.h"

#include <boost/json.hpp>
#include <pwd.h>

#include <charconv>
#include <cstdio>
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

void log_line(boost::json::object line) {
  line["module"] = "environment";
  std::fprintf(stderr, "%s\n", boost::json::serialize(line).c_str());
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

Result<environment::FoundInterpreters> search_interpreters(const ServeOptions& options) {
  environment::SearchPlaces places;
  for (const std::string& text : options.interpreters) {
    TRY(auto given, environment::parse_given_runtime(text));
    places.given.push_back(std::move(given));
  }
  places.homes = homes_to_search();
  return environment::find_interpreters(places);
}

std::vector<launcher::LanguageMount> mounts_of(const environment::FoundInterpreters& found) {
  std::vector<launcher::LanguageMount> mounts;
  for (auto& mount : environment::language_mounts(found.interpreters)) {
    mounts.push_back({std::move(mount.source), std::move(mount.target)});
  }
  return mounts;
}

void log_interpreters(const environment::FoundInterpreters& found) {
  for (const environment::Interpreter& one : found.interpreters) {
    boost::json::object line = describe(one);
    line["level"] = "info";
    line["event"] = "interpreter_found";
    log_line(std::move(line));
  }
  for (const std::string& note : found.notes) {
    boost::json::object line;
    line["level"] = "warning";
    line["event"] = "interpreter_not_used";
    line["reason"] = note;
    log_line(std::move(line));
  }
}

boost::json::array interpreters_status(const environment::RuntimePrograms& programs) {
  boost::json::array out;
  for (const environment::Interpreter& one : programs.interpreters()) {
    out.push_back(describe(one));
  }
  return out;
}

}  // namespace proa::apps
