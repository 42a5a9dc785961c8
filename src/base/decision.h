// Decision: the one shape of every choice Proa makes: facts -> candidates -> filter by
// must-haves -> rank -> record why.
//
// Placement (pool/placement.h) and the choice of an interpreter (environment/runtime_programs.h)
// use it; sidecars, kernel variants and hardware are to. decision_record.h tells one. A choice is a
// pure function of its facts: it reads no clock and asks nobody, so that a recorded one can be
// computed again. Nothing here is for the path of a warm call. Values only, any thread.
#pragma once

#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proa {

/// A condition without which a candidate is out. `name` completes "no ...": "room", "same /tmp".
template <class Facts, class Candidate>
struct MustHave {
  std::string_view name;
  bool (*holds)(const Facts&, const Candidate&);
};

/// What was found about one candidate.
struct Verdict {
  std::string_view missing;  ///< the first must-have it has not; empty: it fits
  double cost = 0;           ///< of one that fits; the lowest wins
};

/// The outcome: which candidate, and what was found about each, in the candidates' order.
struct Decision {
  std::optional<std::size_t> chosen;  ///< none when no candidate fits
  std::vector<Verdict> verdicts;
};

/// Filters by the must-haves in their order, ranks what is left by cost. Equal costs: the earlier
/// candidate.
template <class Facts, class Candidate>
Decision decide(const Facts& facts, std::span<const Candidate> candidates,
                std::span<const MustHave<Facts, Candidate>> must_haves,
                double (*cost_of)(const Facts&, const Candidate&)) {
  Decision decision;
  decision.verdicts.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    Verdict verdict;
    for (const auto& must_have : must_haves) {
      if (must_have.holds(facts, candidate)) continue;
      verdict.missing = must_have.name;
      break;
    }
    if (verdict.missing.empty()) {
      verdict.cost = cost_of(facts, candidate);
      const bool is_best =
          !decision.chosen || verdict.cost < decision.verdicts[*decision.chosen].cost;
      if (is_best) decision.chosen = decision.verdicts.size();
    }
    decision.verdicts.push_back(verdict);
  }
  return decision;
}

/// The record for people, fit for a header: "parked 5ms; idle elsewhere: no room; new 100ms", the
/// chosen one first. `name_of` gives a candidate's name, `unit` follows each cost.
template <class Candidate, class NameOf>
std::string explain(const Decision& decision, std::span<const Candidate> candidates, NameOf name_of,
                    std::string_view unit) {
  std::string text;
  const auto add = [&](std::size_t index) {
    const Verdict& verdict = decision.verdicts[index];
    if (!text.empty()) text += "; ";
    text += name_of(candidates[index]);
    if (!verdict.missing.empty()) {
      text.append(": no ").append(verdict.missing);
      return;
    }
    char cost[32];
    std::snprintf(cost, sizeof cost, " %g", verdict.cost);
    text.append(cost).append(unit);
  };
  if (decision.chosen) add(*decision.chosen);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i != decision.chosen) add(i);
  }
  return text;
}

}  // namespace proa
