#include "cli/completion.h"

#include "cli/answer.h"
#include "cli/config_change.h"
#include "cli/endpoint.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>

namespace proa::cli {
namespace {

constexpr std::chrono::milliseconds kCompletionPatience{500};

using Candidates = std::vector<Candidate>;

/// Where the last word stands.
struct Place {
  const CLI::App* verb;
  const CLI::Option* value_of = nullptr;  ///< the option whose value it is
  std::size_t arguments = 0;              ///< words before it that are neither
  bool are_options_over = false;          ///< behind "--"
  bool is_value_of_word = false;          ///< behind a "=" that bash made a word of its own
};

const CLI::Option* option_of(const CLI::App& verb, const std::string& word) {
  for (const CLI::Option* option : verb.get_options()) {
    if (option->nonpositional() && option->check_name(word)) return option;
  }
  return nullptr;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

const CLI::App* subverb_of(const CLI::App& verb, const std::string& word) {
  for (const CLI::App* each : verb.get_subcommands(nullptr)) {
    if (each->check_name(word)) return each;
  }
  return nullptr;
}

/// Moves the place behind one word.
void pass(Place& place, const std::string& word) {
  if (word == "=") {
    place.is_value_of_word = place.value_of == nullptr;
    return;
  }
  if (place.is_value_of_word) {
    place.is_value_of_word = false;
    return;
  }
  if (place.value_of != nullptr) {
    place.value_of = nullptr;
    return;
  }
  if (word == "--") {
    place.are_options_over = true;
    return;
  }
  if (!place.are_options_over && word.size() > 1 && word.front() == '-') {
    const CLI::Option* option = option_of(*place.verb, word);
    if (option != nullptr && takes_value(*option)) place.value_of = option;
    return;
  }
  const CLI::App* below = place.arguments == 0 ? subverb_of(*place.verb, word) : nullptr;
  if (below == nullptr) {
    ++place.arguments;
    return;
  }
  place = Place{below};
}

/// A list operation, and the member that is the name.
struct Names {
  std::string_view path;
  std::string_view items;
  std::string_view name;
  std::string_view next;
};
constexpr Names kFunctionNames{"/2015-03-31/functions?MaxItems=50", "Functions", "FunctionName",
                               "NextMarker"};
constexpr Names kScheduleNames{"/proa/v1/schedules?", "schedules", "name", "next_marker"};
constexpr Names kImageDigests{"/proa/v1/images?", "images", "digest", "next_marker"};
constexpr Names kRuntimeNames{"/proa/v1/runtimes?", "runtimes", "name", "next_marker"};
constexpr Names kKernelIds{"/proa/v1/kernels?", "kernels", "id", "next_marker"};

/// Page by page while there is time.
std::vector<std::string> names_of(const Surroundings& around, const Names& wanted) {
  std::vector<std::string> names;
  const SteadyTime deadline = std::chrono::steady_clock::now() + kCompletionPatience;
  std::string marker;
  do {
    Question question;
    question.target = wanted.path;
    add_parameter(question.target, "Marker", marker);
    question.patience = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    const auto response = send(around, std::move(question));
    if (!response) break;
    const auto page = json_of(around, response.value());
    if (!page) break;
    const auto items = array_in(page.value(), wanted.items);
    if (!items) break;
    for (const auto& each : items.value()) names.push_back(text_in(each, wanted.name));
    std::string next = text_in(page.value(), wanted.next);
    if (next == marker) break;
    marker = std::move(next);
  } while (!marker.empty() && std::chrono::steady_clock::now() < deadline);
  return names;
}

/// "a" and "b" of a type's name with "{a,b}" in it: the words that CLI11 checks against.
std::vector<std::string> members_of(const std::string& type) {
  const std::size_t begin = type.find('{');
  const std::size_t end = type.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  return CLI::detail::split(type.substr(begin + 1, end - begin - 1), ',');
}

Candidates values_of(const Surroundings& around, const CLI::Option& option) {
  const std::string type = option.get_type_name();
  Candidates candidates;
  if (type.starts_with(kFunctionName)) {
    for (auto& name : names_of(around, kFunctionNames)) candidates.push_back({std::move(name), ""});
  } else if (type == kScheduleName) {
    for (auto& name : names_of(around, kScheduleNames)) candidates.push_back({std::move(name), ""});
  } else if (type == kImageName) {
    for (auto& digest : names_of(around, kImageDigests)) {
      candidates.push_back({std::move(digest), ""});
    }
  } else if (type == kRuntimeImageName) {
    for (auto& name : names_of(around, kRuntimeNames)) candidates.push_back({std::move(name), ""});
  } else if (type == kKernelId) {
    for (auto& id : names_of(around, kKernelIds)) candidates.push_back({std::move(id), ""});
  } else if (type == kSetting || type == kSettingKey) {
    for (auto& key : config_keys()) {
      const bool is_whole = type == kSettingKey || key.ends_with(':');
      candidates.push_back({is_whole ? key : key + "=", ""});
    }
  } else {
    for (auto& word : members_of(type)) candidates.push_back({std::move(word), ""});
  }
  return candidates;
}

Candidates options_of(const CLI::App& verb) {
  Candidates candidates;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      candidates.push_back({"--" + name, option->get_description()});
    }
  }
  return candidates;
}

Candidates subverbs_of(const CLI::App& verb) {
  Candidates candidates;
  for (const CLI::App* each : verb.get_subcommands(nullptr)) {
    if (!each->get_group().empty())
      candidates.push_back({each->get_name(), each->get_description()});
  }
  return candidates;
}

/// The argument that takes word number `index`: the last one may take many.
const CLI::Option* argument_of(const CLI::App& verb, std::size_t index) {
  const CLI::Option* last = nullptr;
  std::size_t at = 0;
  for (const CLI::Option* option : verb.get_options()) {
    if (!option->get_positional()) continue;
    if (at++ == index) return option;
    last = option;
  }
  const bool takes_many = last != nullptr && last->get_items_expected_max() > 1;
  return takes_many ? last : nullptr;
}

Candidates candidates_at(const Surroundings& around, const Place& place, const std::string& word) {
  if (place.is_value_of_word) return {};
  if (place.value_of != nullptr) return values_of(around, *place.value_of);
  if (!place.are_options_over && word.starts_with('-')) return options_of(*place.verb);
  Candidates candidates = place.arguments == 0 ? subverbs_of(*place.verb) : Candidates();
  if (!candidates.empty()) return candidates;
  const CLI::Option* argument = argument_of(*place.verb, place.arguments);
  return argument == nullptr ? Candidates() : values_of(around, *argument);
}

/// The first line, or the first sentence of it.
std::string short_form(const std::string& says) {
  return says.substr(0, std::min({says.find('\n'), says.find("; "), says.find(": ")}));
}

}  // namespace

Candidates complete(const Surroundings& surroundings, const CLI::App& app,
                    const std::vector<std::string>& words) {
  Place place{&app};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) pass(place, words[i]);
  std::string last = words.empty() ? "" : words.back();
  if (last == "=") {  // the cursor stands right behind it
    pass(place, last);
    last.clear();
  }
  Candidates fitting;
  for (auto& candidate : candidates_at(surroundings, place, last)) {
    if (candidate.word.starts_with(last)) fitting.push_back(std::move(candidate));
  }
  return fitting;
}

std::string completion_answer(const Surroundings& surroundings, const CLI::App& app,
                              std::vector<std::string> words) {
  const bool is_described = !words.empty() && words.front() == "--described";
  if (is_described) words.erase(words.begin());
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  std::string text;
  for (const Candidate& candidate : complete(surroundings, app, words)) {
    text += candidate.word;
    if (is_described && !candidate.says.empty()) text += "\t" + short_form(candidate.says);
    text += "\n";
  }
  return text;
}

}  // namespace proa::cli
