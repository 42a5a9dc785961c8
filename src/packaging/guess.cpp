// How a package wants to be run, by what stands in its files. A guess must be right or not made:
// where two are possible, somebody is asked.
#include "packaging/packaging.h"

#include <array>

namespace proa::packaging {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }

/// Calls `see(line)` for each line until it gives true.
template <class See>
bool any_line(std::string_view text, See see) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (see(text.substr(0, end))) return true;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return false;
}

/// "def NAME(" or "async def NAME(" at the beginning of a line, or "NAME =".
bool defines_python(std::string_view text, std::string_view name) {
  return any_line(text, [&](std::string_view line) {
    if (line.starts_with("async ")) line.remove_prefix(6);
    const bool is_def = line.starts_with("def ");
    if (is_def) line.remove_prefix(4);
    while (is_def && !line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (!line.starts_with(name)) return false;
    line.remove_prefix(name.size());
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    return is_def ? line.starts_with("(") : line.starts_with("=") && !line.starts_with("==");
  });
}

/// "exports.handler", "export const handler", "export async function handler", "export { handler".
bool defines_node(std::string_view text) {
  return any_line(text, [](std::string_view line) {
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (line.starts_with("exports.handler") || line.starts_with("module.exports.handler")) {
      return true;
    }
    const bool is_export = line.starts_with("export ") || line.starts_with("export{") ||
                           line.starts_with("module.exports = {") ||
                           line.starts_with("module.exports={");
    const std::size_t at = line.find("handler");
    if (!is_export || at == std::string_view::npos) return false;
    const char before = line[at - 1];
    const char after = at + 7 < line.size() ? line[at + 7] : ' ';
    const auto is_word = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !is_word(before) && !is_word(after);
  });
}

bool has_dependencies(std::string_view requirements) {
  return any_line(requirements, [](std::string_view line) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    return begin != std::string_view::npos && line[begin] != '#';
  });
}

bool has_below(const Contents& contents, std::string_view begin, std::string_view inside) {
  for (const Entry& entry : contents.entries) {
    if (!entry.path.starts_with(begin)) continue;
    if (entry.path.find(inside) != std::string::npos) return true;
  }
  return false;
}

std::string folder_of(const Contents& contents) {
  return contents.kind == Contents::Kind::folder ? contents.path.string() : "FOLDER";
}

}  // namespace

std::vector<Guess> guess_handlers(const Contents& contents) {
  std::vector<Guess> guesses;
  for (const auto& [name, text] : contents.sources) {
    const std::string stem = name.substr(0, name.rfind('.'));
    if (name.ends_with(".py")) {
      for (const std::string_view handler : {"lambda_handler", "handler"}) {
        if (!defines_python(text, handler)) continue;
        guesses.push_back({Guess::Language::python, stem + "." + std::string(handler),
                           name + " defines " + std::string(handler)});
        break;
      }
    } else if (name != "requirements.txt" && name != "package.json" && defines_node(text)) {
      guesses.push_back({Guess::Language::node, stem + ".handler", name + " exports handler"});
    }
  }
  const Entry* const bootstrap = contents.find("bootstrap");
  if (bootstrap != nullptr && (bootstrap->is_executable || bootstrap->kind == Entry::Kind::link)) {
    guesses.push_back({Guess::Language::custom, "bootstrap", "bootstrap is executable"});
  }
  return guesses;
}

std::optional<Guess::Language> language_of(const Contents& contents, std::string_view handler) {
  const std::string module(handler.substr(0, handler.rfind('.')));
  if (contents.find(module + ".py") != nullptr ||
      contents.find(module + "/__init__.py") != nullptr) {
    return Guess::Language::python;
  }
  for (const char* end : {".js", ".mjs", ".cjs"}) {
    if (contents.find(module + end) != nullptr) return Guess::Language::node;
  }
  // Python's modules in folders: "pkg.app.handler" is pkg/app.py.
  std::string path = module;
  for (char& c : path) c = c == '.' ? '/' : c;
  if (contents.find(path + ".py") != nullptr) return Guess::Language::python;
  return std::nullopt;
}

std::optional<std::string> missing_packages(const Contents& contents) {
  const auto requirements = contents.sources.find("requirements.txt");
  const bool wants_python =
      requirements != contents.sources.end() && has_dependencies(requirements->second);
  if (wants_python && !has_below(contents, "", ".dist-info/") &&
      !has_below(contents, "", ".egg-info")) {
    return "requirements.txt asks for packages and none is there. To install them: pip install "
           "-r " +
           folder_of(contents) + "/requirements.txt -t " + folder_of(contents);
  }
  const auto package = contents.sources.find("package.json");
  if (package == contents.sources.end() || has_below(contents, "node_modules/", "/")) {
    return std::nullopt;
  }
  // Only whether there are any: npm reads the rest.
  const std::size_t at = package->second.find("\"dependencies\"");
  const std::size_t open = at == std::string::npos ? at : package->second.find('{', at);
  const std::size_t first =
      open == std::string::npos ? open : package->second.find_first_not_of(" \t\r\n", open + 1);
  if (first == std::string::npos || package->second[first] == '}') return std::nullopt;
  return "package.json asks for packages and there is no node_modules. To install them: npm "
         "install --omit=dev --prefix " +
         folder_of(contents);
}

}  // namespace proa::packaging
