#include "kernels/variant.h"

#include "os/file.h"

#include <algorithm>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;

/// Letters, digits, '-' and '_': neither a path nor an option of a program.
bool is_word(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_option(std::string_view text) { return text.starts_with("CONFIG_") && is_word(text); }

std::string_view next_part(std::string_view& rest, char end) {
  const auto at = rest.find(end);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

Error wrong_recipe(const fs::path& file, std::string_view line) {
  return Error(Errc::corrupt,
               file.filename().string() + " has a wrong line: " + std::string(line.substr(0, 100)));
}

/// Its lines but for comments and empty ones.
Result<std::vector<std::string>> read_lines(const fs::path& file) {
  TRY(const auto text, os::read_file(file));
  std::vector<std::string> lines;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = next_part(rest, '\n');
    if (!line.empty() && line.front() != '#') lines.emplace_back(line);
  }
  return lines;
}

/// "NAME: WORD WORD.."
struct Entry {
  std::string name;
  std::vector<std::string> words;
};

Result<std::vector<Entry>> read_entries(const fs::path& file) {
  TRY(const auto lines, read_lines(file));
  std::vector<Entry> entries;
  for (const std::string& line : lines) {
    std::string_view rest = line;
    Entry entry;
    entry.name = next_part(rest, ':');
    while (!rest.empty()) {
      const std::string_view word = next_part(rest, ' ');
      if (!word.empty()) entry.words.emplace_back(word);
    }
    const bool is_right = is_word(entry.name) && !entry.words.empty() &&
                          std::all_of(entry.words.begin(), entry.words.end(), is_word);
    if (!is_right) return wrong_recipe(file, line);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string_view option_name(std::string_view option) { return option.substr(0, option.find('=')); }

/// A value is y, n, a number or a text in quotes without spaces.
bool is_option_line(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos || !is_option(line.substr(0, equals))) return false;
  std::string_view value = line.substr(equals + 1);
  if (value.size() > 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  return is_word(value) && value != "m";
}

Result<void> add_fragment(const fs::path& file, std::vector<std::string>& options) {
  TRY(const auto lines, read_lines(file));
  for (const std::string& line : lines) {
    const bool is_there = std::any_of(options.begin(), options.end(), [&](const auto& option) {
      return option_name(option) == option_name(line);
    });
    if (!is_option_line(line) || is_there) return wrong_recipe(file, line);
    options.push_back(line);
  }
  return ok();
}

Result<std::vector<Gate>> find_lacks(const fs::path& file,
                                     const std::vector<std::string>& options) {
  TRY(auto gates, read_entries(file));
  std::vector<Gate> lacks;
  for (Entry& gate : gates) {
    if (!is_option(gate.name)) return wrong_recipe(file, gate.name);
    const std::string on = gate.name + "=y";
    if (std::find(options.begin(), options.end(), on) != options.end()) continue;
    lacks.push_back({std::move(gate.name), std::move(gate.words)});
  }
  return lacks;
}

}  // namespace

Result<Variant> read_variant(const fs::path& folder, std::string_view name) {
  TRY(const auto variants, read_entries(folder / "variants"));
  const auto found = std::find_if(variants.begin(), variants.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  if (found == variants.end()) {
    std::string known;
    for (const Entry& entry : variants) known.append(known.empty() ? "" : ", ").append(entry.name);
    return Error(Errc::not_found, "There is no kernel variant '" + std::string(name) +
                                      "'; these can be built: " + known);
  }
  Variant variant{found->name, {}, {}};
  for (const std::string& fragment : found->words) {
    TRY(add_fragment(folder / (fragment + ".config"), variant.options));
  }
  TRY(variant.lacks, find_lacks(folder / "gates", variant.options));
  return variant;
}

}  // namespace proa::kernels
