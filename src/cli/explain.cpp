// proa explain
#include "cli/answer.h"
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// The words of the verb; shared by the parser that fills it and the action that reads it.
struct ExplainWords {
  std::string function;
  std::string qualifier;
  bool is_json = false;
};

constexpr std::size_t kExplainHead = 12;

std::string head(const Screen& screen, const json::value& decision) {
  std::string name = text_in(decision, "decision");
  const std::size_t width = std::max(name.size() + 1, kExplainHead);
  const std::string chosen = text_in(decision, "chosen");
  const std::string gap(width - name.size(), ' ');
  return paint(screen, Ink::head, name) + gap +
         (chosen.empty() ? paint(screen, Ink::failure, "nothing fits") : one_line(chosen)) + "\n";
}

/// "  + idle@0  0.01ms  0011... (frozen, f)", or with a minus what it lacks.
std::string candidate_line(const Screen& screen, const json::value& candidate,
                           std::string_view unit) {
  const std::string missing = text_in(candidate, "missing");
  const json::value* cost = find_in(candidate, "cost");
  std::string line = (missing.empty() ? "  + " : "  - ") + one_line(text_in(candidate, "name"));
  if (!missing.empty()) line += ": no " + missing;
  if (cost != nullptr && cost->is_number()) {
    char text[32];
    std::snprintf(text, sizeof text, "  %g", cost->to_number<double>());
    line.append(text).append(unit);
  }
  const std::string detail = one_line(text_in(candidate, "detail"));
  if (!detail.empty()) line += "  " + detail;
  return missing.empty() ? line + "\n" : paint(screen, Ink::faint, line) + "\n";
}

Result<std::string> decision_text(const Screen& screen, const json::value& decision) {
  std::string text = head(screen, decision);
  for (const char* name : {"outcome", "reason"}) {
    const std::string said = one_line(text_in(decision, name));
    if (!said.empty()) text += "  " + said + "\n";
  }
  TRY(const auto inputs, array_in(decision, "inputs"));
  for (const json::value& input : inputs) {
    const std::string line = "  " + text_in(input, "name") + " = " + text_in(input, "value") +
                             " (" + text_in(input, "from") + ")";
    text += one_line(line) + "\n";
  }
  TRY(const auto candidates, array_in(decision, "candidates"));
  for (const json::value& candidate : candidates) {
    text += candidate_line(screen, candidate, text_in(decision, "unit"));
  }
  return text;
}

Result<std::string> explain(const Surroundings& around, const ExplainWords& words) {
  std::string target = "/proa/v1/functions/" + http::percent_encode(words.function) + "/explain?";
  add_parameter(target, "Qualifier", words.qualifier);
  TRY(const auto answer, ask(around, "GET", target));
  if (words.is_json) return pretty(answer);
  TRY(const auto decisions, array_in(answer, "decisions"));
  std::string text =
      "The next call of " + text_in(answer, "function") + ":" + text_in(answer, "version") + "\n";
  for (const json::value& decision : decisions) {
    TRY(const auto part, decision_text(around.output, decision));
    text += "\n" + part;
  }
  return text;
}

}  // namespace

void add_explain_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<ExplainWords>();
  CLI::App* verb = app.add_subcommand(
      "explain", "What Proa would decide for a function's next call, from what, and why");
  verb->group(kOperating);
  add_function(*verb, words->function);
  verb->add_option("--qualifier", words->qualifier, "A version or an alias of it");
  add_json(*verb, words->is_json);
  verb->callback(
      [&, words] { chosen.action = [&, words] { return explain(surroundings, *words); }; });
  add_examples(*verb, {{"proa explain hello", "why it would start warm or cold, here or there"},
                       {"proa explain hello --json", ""}});
}

}  // namespace proa::cli
