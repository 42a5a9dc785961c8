#include "cli/settings_file.h"

#include "cli/help.h"
#include "os/file.h"

#include <CLI/CLI.hpp>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

namespace proa::cli {
namespace {

constexpr const char* kFileOption = "--config";
constexpr const char* kPrintOption = "--print-config";
constexpr std::size_t kCommentColumns = 100;

/// What a key's value must be.
enum class ValueKind { truth, whole_number, number, text, texts };

ValueKind kind_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return ValueKind::truth;
  if (option.get_items_expected_max() > 1) return ValueKind::texts;
  const std::string type = option.get_type_name();
  if (type.starts_with("UINT") || type.starts_with("INT")) return ValueKind::whole_number;
  return type.starts_with("FLOAT") ? ValueKind::number : ValueKind::text;
}

std::string_view describe(ValueKind kind) {
  switch (kind) {
    case ValueKind::truth:
      return "true or false";
    case ValueKind::whole_number:
      return "a whole number without quotes";
    case ValueKind::number:
      return "a number without quotes";
    case ValueKind::text:
      return "text in quotes";
    case ValueKind::texts:
      return "a list of texts, [\"...\"]";
  }
  return "";
}

/// The value as words for the option; nothing when it is of another kind.
std::optional<std::vector<std::string>> words_of(const toml::node& value, ValueKind kind) {
  switch (kind) {
    case ValueKind::truth:
      if (const auto* truth = value.as_boolean()) {
        return std::vector<std::string>{truth->get() ? "true" : "false"};
      }
      return std::nullopt;
    case ValueKind::number:
      if (const auto* number = value.as_floating_point()) {
        return std::vector<std::string>{CLI::detail::to_string(number->get())};
      }
      [[fallthrough]];
    case ValueKind::whole_number:
      if (const auto* number = value.as_integer()) {
        return std::vector<std::string>{std::to_string(number->get())};
      }
      return std::nullopt;
    case ValueKind::text:
      if (const auto* text = value.as_string()) return std::vector<std::string>{text->get()};
      return std::nullopt;
    case ValueKind::texts:
      break;
  }
  const auto* list = value.as_array();
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> words;
  for (const toml::node& each : *list) {
    const auto* text = each.as_string();
    if (text == nullptr) return std::nullopt;
    words.push_back(text->get());
  }
  return words;
}

/// The options that may stand in the file, in the verb's order.
std::vector<CLI::Option*> settings_of(CLI::App& verb) {
  std::vector<CLI::Option*> options;
  for (CLI::Option* option : verb.get_options()) {
    const bool is_ours = option->check_name(kFileOption) || option->check_name(kPrintOption);
    const bool is_setting = !is_ours && option != verb.get_help_ptr() && option->nonpositional();
    if (is_setting && !option->get_lnames().empty()) options.push_back(option);
  }
  return options;
}

const std::string& key_of(const CLI::Option& option) { return option.get_lnames().front(); }

/// Whether `word` is this option: "--listen" or "--listen=...".
bool names(const std::string& word, const CLI::Option& option) {
  return word.starts_with("--") && option.check_name(word.substr(0, word.find('=')));
}

bool is_among(const std::vector<std::string>& words, const CLI::Option& option) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return names(word, option); });
}

/// What --config says; nothing when it does not stand there. Its value may be missing: then the
/// parser will refuse that.
std::optional<std::filesystem::path> named_file(const std::vector<std::string>& words) {
  const std::string begin = std::string(kFileOption) + "=";
  std::optional<std::filesystem::path> file;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].starts_with(begin)) file = words[i].substr(begin.size());
    if (words[i] == kFileOption && i + 1 < words.size()) file = words[i + 1];
  }
  return file;
}

/// Gives one option the values of its key. The reason when it does not take them.
std::optional<std::string> give(CLI::Option& option, const toml::node& value) {
  const ValueKind kind = kind_of(option);
  const auto words = words_of(value, kind);
  if (!words) return key_of(option) + ": must be " + std::string(describe(kind));
  if (words->empty() || (kind == ValueKind::truth && words->front() == "false")) {
    return std::nullopt;
  }
  try {
    for (const std::string& word : *words) option.add_result(word);
    option.run_callback();
  } catch (const CLI::Error& refused) {
    const std::string reason = refused.what();
    return reason.starts_with("--") ? reason.substr(2) : key_of(option) + ": " + reason;
  }
  return std::nullopt;
}

std::string no_such_key(const std::string& key, const std::vector<CLI::Option*>& options) {
  std::vector<std::string> known;
  known.reserve(options.size());
  for (const CLI::Option* option : options) known.push_back(key_of(*option));
  const std::string meant = nearest(key, known);
  return "there is no setting '" + key + "'" +
         (meant.empty() ? "" : "; did you mean '" + meant + "'?");
}

std::string toml_text(const std::string& text) {
  std::ostringstream out;
  out << toml::value<std::string>(text);
  return out.str();
}

std::string value_text(const CLI::Option& option) {
  const auto& given = option.results();
  const ValueKind kind = kind_of(option);
  if (kind == ValueKind::texts) {
    std::string list;
    for (const auto& each : given) list += (list.empty() ? "" : ", ") + toml_text(each);
    return "[" + list + "]";
  }
  if (kind == ValueKind::truth) return given.empty() ? "false" : given.back();
  // CLI11 keeps defaults of texts with quotes of its own.
  std::string value = given.empty() ? option.get_default_str() : given.back();
  if (kind != ValueKind::text) return value;
  if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  return toml_text(value);
}

std::string as_comment(const std::string& text) {
  std::istringstream words(text);
  std::string lines;
  std::string line = "#";
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kCommentColumns) {
      lines += line + "\n";
      line = "#";
    }
    line += " " + word;
  }
  return lines + line + "\n";
}

}  // namespace

SettingsFile::SettingsFile(CLI::App& verb, std::filesystem::path place)
    : verb_(verb), place_(std::move(place)) {
  // Read by fill(), before the parser comes to them.
  verb.add_option(kFileOption, "TOML file with settings: the options' names as keys; options win")
      ->default_str(place_.string())
      ->type_name("FILE")
      ->expected(1);
  verb.add_flag(kPrintOption)
      ->description("Print such a file, with all keys and what is set, and end");
}

Result<void> SettingsFile::fill(const std::vector<std::string>& words) {
  const bool is_help = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "--help" || word == "-h";
  });
  if (words.empty() || is_help || !verb_.check_name(words.front())) return ok();
  const auto named = named_file(words);
  const std::filesystem::path file = named.value_or(place_);
  const auto content = os::read_file(file);
  if (!content) {
    if (!named && content.error().code() == Errc::not_found) return ok();
    return content.error().with_context(kFileOption);
  }
  const auto at = [&](const toml::source_region& place, std::string_view reason) {
    return Error(Errc::invalid, file.string() + ":" + std::to_string(place.begin.line) + ": " +
                                    std::string(reason));
  };
  try {
    const toml::table table = toml::parse(content.value());
    const auto options = settings_of(verb_);
    for (const auto& [key, value] : table) {
      const std::string name(key.str());
      const auto option = std::find_if(options.begin(), options.end(),
                                       [&](CLI::Option* each) { return key_of(*each) == name; });
      if (option == options.end()) return at(key.source(), no_such_key(name, options));
      // What the command line says wins, but what is wrong here is wrong all the same.
      if (is_among(words, **option)) {
        if (!words_of(value, kind_of(**option))) {
          return at(key.source(), name + ": must be " + std::string(describe(kind_of(**option))));
        }
        continue;
      }
      if (const auto reason = give(**option, value)) return at(key.source(), *reason);
    }
  } catch (const toml::parse_error& wrong) {
    return at(wrong.source(), wrong.description());
  }
  return ok();
}

bool SettingsFile::is_text_wanted() const { return verb_.count(kPrintOption) > 0; }

std::string SettingsFile::text() const {
  std::string text =
      as_comment("Settings of `proa " + verb_.get_name() + "`, which reads " + place_.string() +
                 " when it starts. An option of the same name on its command line "
                 "wins. Lines that begin with '#' are comments: they show defaults.");
  for (const CLI::Option* option : settings_of(verb_)) {
    text += "\n" + as_comment(option->get_description());
    text += (option->empty() ? "#" : "") + key_of(*option) + " = " + value_text(*option) + "\n";
  }
  return text;
}

}  // namespace proa::cli
