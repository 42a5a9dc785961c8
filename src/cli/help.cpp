#include "cli/help.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <numeric>

namespace proa::cli {
namespace {

constexpr std::string_view kVariables =
    "Environment:\n"
    "  PROA_ENDPOINT                     the daemon, http://127.0.0.1:9600 by default\n"
    "  PROA_CA_FILE, AWS_CA_BUNDLE       for https://: the authorities to believe, in place of\n"
    "                                    this machine's\n"
    "  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN\n"
    "                                    the key that signs requests; unsigned without\n"
    "  AWS_REGION, AWS_DEFAULT_REGION    the region that is signed for, us-east-1 by default\n"
    "  NO_COLOR                          if set, no colours on a terminal either";

/// Letters to insert, remove or change (Levenshtein), two neighbours that changed places being one.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  std::iota(table[0].begin(), table[0].end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      table[i][j] =
          std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + change});
      const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
    }
  }
  return table[a.size()][b.size()];
}

const CLI::App* subverb(const CLI::App& app, const std::string& word) {
  for (const CLI::App* each : app.get_subcommands(nullptr)) {
    if (each->check_name(word)) return each;
  }
  return nullptr;
}

std::vector<std::string> names_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* each : app.get_subcommands(nullptr)) {
    if (!each->get_group().empty()) names.push_back(each->get_name());
  }
  return names;
}

}  // namespace

void add_examples(CLI::App& verb, std::initializer_list<Example> examples) {
  std::string text = "Examples:\n";
  for (const Example& example : examples) {
    text.append("  ").append(example.command).append("\n");
    if (!example.says.empty()) text.append("      ").append(example.says).append("\n");
  }
  verb.footer(text + "\n" + std::string(kVariables));
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  const std::size_t most = word.size() < 4 ? 1 : word.size() < 8 ? 2 : 3;
  std::string best;
  std::size_t best_distance = most + 1;
  for (const std::string& each : known) {
    const bool is_begun = word.size() > 1 && each.starts_with(word);
    const std::size_t far = is_begun ? 1 : distance(word, each);
    if (far >= best_distance) continue;
    best = each;
    best_distance = far;
  }
  return best;
}

Refusal explain_refusal(const CLI::App& app, const std::vector<std::string>& words,
                        const std::string& reason) {
  const CLI::App* verb = &app;
  Refusal refusal{words.empty() ? "a verb is missing" : reason, app.get_name()};
  for (const std::string& word : words) {
    const auto names = names_of(*verb);
    if (names.empty() || word.starts_with('-')) break;
    const CLI::App* next = subverb(*verb, word);
    if (next == nullptr) {
      refusal.text = "there is no '" + refusal.command + " " + word.substr(0, 60) + "'";
      const std::string meant = nearest(word, names);
      if (!meant.empty()) refusal.text += "; did you mean '" + refusal.command + " " + meant + "'?";
      break;
    }
    verb = next;
    refusal.command += " " + verb->get_name();
    if (&word != &words.back()) continue;
    for (const std::string& name : names_of(*verb)) {
      refusal.text = (refusal.text == reason ? "say what: " : refusal.text + ", ") + name;
    }
  }
  return refusal;
}

}  // namespace proa::cli
