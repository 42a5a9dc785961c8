#include "cli/pairs.h"

#include "cli/text.h"

#include <fstream>
#include <sstream>

namespace proa::cli {
namespace {

constexpr std::size_t kFileMax = 1024 * 1024;

std::string_view without_quotes(std::string_view value) {
  const bool is_quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                         value.back() == value.front();
  return is_quoted ? value.substr(1, value.size() - 2) : value;
}

Result<std::string> file_text(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error(Errc::invalid, "cannot read " + file);
  std::string text(kFileMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return Error(Errc::invalid, "cannot read " + file);  // a folder
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kFileMax) return Error(Errc::invalid, file + " is larger than 1 MiB");
  return text;
}

}  // namespace

Result<Pairs> parse_pairs(std::string_view option, const std::vector<std::string>& words) {
  Pairs pairs;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error(Errc::invalid,
                   std::string(option) + " takes NAME=VALUE, not '" + word.substr(0, equals) + "'");
    }
    pairs[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return pairs;
}

Result<Pairs> read_pairs(const std::string& file) {
  TRY(const auto text, file_text(file));
  Pairs pairs;
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::string_view rest = trimmed(line);
    if (rest.empty() || rest.front() == '#') continue;
    if (rest.starts_with("export ")) rest = trimmed(rest.substr(7));
    const std::size_t equals = rest.find('=');
    const std::string name(trimmed(rest.substr(0, equals)));
    if (equals == std::string_view::npos || name.empty()) {
      return Error(Errc::invalid,
                   file + ", line " + std::to_string(number) + ": not of the form NAME=VALUE");
    }
    pairs[name] = without_quotes(trimmed(rest.substr(equals + 1)));
  }
  return pairs;
}

}  // namespace proa::cli
