// A choice as it is told: what `proa explain` shows of decision.h's choices, and of those that are
// no ranking (a limit, a setting). Values only, any thread; nothing here is for the path of a call.
#pragma once

#include "base/decision.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proa {

/// One value that a choice depends on.
struct DecisionInput {
  std::string name;
  std::string value;
  std::string from;  ///< where it was said: "default", "flag --shards", "tag proa:idle", "host" ...
};

/// One thing that could be chosen.
struct DecisionCandidate {
  std::string name;
  std::string detail;          ///< what more is known of it
  std::string missing;         ///< the first must-have it has not; empty: it fits
  std::optional<double> cost;  ///< of one that fits; the lowest wins
};

struct DecisionRecord {
  std::string decision;  ///< what is decided, e.g. "runtime"
  std::string chosen;    ///< empty: nothing fits, and `reason` says why
  std::string reason;
  std::string outcome;  ///< what follows for whoever asked, e.g. "X-Proa-Start: warm"
  std::string unit;     ///< of costs
  std::vector<DecisionInput> inputs;
  std::vector<DecisionCandidate> candidates;
};

/// The candidates of a decision with what was found about each.
template <class Candidate, class NameOf>
std::vector<DecisionCandidate> recorded(const Decision& decision,
                                        std::span<const Candidate> candidates, NameOf name_of) {
  std::vector<DecisionCandidate> out;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Verdict& verdict = decision.verdicts[i];
    DecisionCandidate& one = out.emplace_back();
    one.name = name_of(candidates[i]);
    one.missing = verdict.missing;
    if (verdict.missing.empty()) one.cost = verdict.cost;
  }
  return out;
}

/// Where the value of a flag came from.
inline std::string from_flag(std::string_view flag, bool is_default) {
  return std::string(is_default ? "default of " : "flag ").append(flag);
}

}  // namespace proa
