#include "packaging/ignore_rules.h"

#include <cstddef>

namespace proa::packaging {
namespace {

constexpr std::string_view kDefaults =
    ".git\n.hg\n.svn\n.gitignore\n__pycache__/\n*.pyc\n.pytest_cache/\n.mypy_cache/\n"
    ".DS_Store\n.proaignore\n.aws-sam/\n.serverless/\n";

/// The characters of one "[...]" at `at`, and where it ends; the size of `pattern` when it does
/// not.
std::size_t class_end(std::string_view pattern, std::size_t at) {
  std::size_t end = at + 1;
  if (end < pattern.size() && (pattern[end] == '!' || pattern[end] == '^')) ++end;
  if (end < pattern.size() && pattern[end] == ']') ++end;
  while (end < pattern.size() && pattern[end] != ']') ++end;
  return end;
}

bool class_has(std::string_view inside, char c) {
  const bool is_negated = !inside.empty() && (inside[0] == '!' || inside[0] == '^');
  if (is_negated) inside.remove_prefix(1);
  bool is_in = false;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const bool is_range = i + 2 < inside.size() && inside[i + 1] == '-';
    if (is_range ? inside[i] <= c && c <= inside[i + 2] : inside[i] == c) is_in = true;
    if (is_range) i += 2;
  }
  return is_in != is_negated && c != '/';
}

/// One step of a pattern: what stands at `at`, and where the next one begins.
struct Step {
  enum class Kind { literal, one, some, all } kind = Kind::literal;
  std::string_view set;  ///< of "[...]"; else empty
  char literal = 0;
};

std::vector<Step> steps_of(std::string_view pattern) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    Step step;
    step.literal = pattern[i];
    if (pattern[i] == '*') {
      const bool is_double = i + 1 < pattern.size() && pattern[i + 1] == '*';
      step.kind = is_double ? Step::Kind::all : Step::Kind::some;
      if (is_double) ++i;
      // "**/" also stands for no folder at all.
      if (is_double && i + 1 < pattern.size() && pattern[i + 1] == '/') ++i;
    } else if (pattern[i] == '?') {
      step.kind = Step::Kind::one;
    } else if (pattern[i] == '[' && class_end(pattern, i) < pattern.size()) {
      const std::size_t end = class_end(pattern, i);
      step.kind = Step::Kind::one;
      step.set = pattern.substr(i + 1, end - i - 1);
      i = end;
    } else if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      step.literal = pattern[++i];
    }
    steps.push_back(step);
  }
  return steps;
}

bool takes(const Step& step, char c) {
  if (step.kind == Step::Kind::literal) return step.literal == c;
  if (!step.set.empty()) return class_has(step.set, c);
  return c != '/' || step.kind == Step::Kind::all;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
  const auto steps = steps_of(pattern);
  // reached[i]: the first i steps fit what has been read so far.
  std::vector<char> reached(steps.size() + 1, 0);
  const auto skip_stars = [&](std::vector<char>& at) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const bool is_star = steps[i].kind == Step::Kind::some || steps[i].kind == Step::Kind::all;
      if (at[i] != 0 && is_star) at[i + 1] = 1;
    }
  };
  reached[0] = 1;
  skip_stars(reached);
  for (const char c : text) {
    std::vector<char> next(steps.size() + 1, 0);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (reached[i] == 0 || !takes(steps[i], c)) continue;
      const bool is_star = steps[i].kind == Step::Kind::some || steps[i].kind == Step::Kind::all;
      next[is_star ? i : i + 1] = 1;
    }
    skip_stars(next);
    reached = std::move(next);
  }
  return reached.back() != 0;
}

IgnoreRules IgnoreRules::defaults() {
  IgnoreRules rules;
  rules.add(kDefaults);
  return rules;
}

void IgnoreRules::add(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t')) {
      line.remove_suffix(1);
    }
    if (line.empty() || line.front() == '#') continue;
    Rule rule;
    rule.is_negated = line.front() == '!';
    if (rule.is_negated) line.remove_prefix(1);
    rule.is_for_folders = line.ends_with('/');
    if (rule.is_for_folders) line.remove_suffix(1);
    rule.is_anchored = line.find('/') != std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) continue;
    rule.pattern = line;
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignores(std::string_view path, bool is_folder) const {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->is_for_folders && !is_folder) continue;
    if (matches_glob(rule->pattern, rule->is_anchored ? path : name)) return !rule->is_negated;
  }
  return false;
}

}  // namespace proa::packaging
