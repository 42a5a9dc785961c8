#include "pool/placement.h"

#include <array>

namespace proa::pool {
namespace {

const std::array<MustHave<PlacementFacts, Candidate>, 2> kMustHaves = {{
    {"room", [](const PlacementFacts&, const Candidate& candidate) { return candidate.has_room; }},
    {"/tmp of that size",
     [](const PlacementFacts& facts, const Candidate& candidate) {
       const bool is_made_to_order = candidate.step == Step::idle || candidate.step == Step::fresh;
       return is_made_to_order || candidate.tmp_mib == facts.tmp_mib;
     }},
}};

// Milliseconds until the code begins, as measured on two cores; only their order matters.
double cost_of(const PlacementFacts& facts, const Candidate& candidate) {
  constexpr double kOtherShard = 0.06;
  const double away = candidate.shard == facts.shard ? 0 : kOtherShard;
  switch (candidate.step) {
    case Step::idle:
      return 0.01 + away;
    case Step::parked:
      return 5 + away;
    case Step::parking:
      return 50 + away;
    case Step::fresh:
      return 100 + away;
  }
  return 100 + away;
}

std::string name_of(const Candidate& candidate) {
  static constexpr std::array<const char*, 4> kNames = {"idle", "parked", "parking", "new"};
  return kNames.at(static_cast<std::size_t>(candidate.step)) + std::string("@") +
         std::to_string(candidate.shard);
}

}  // namespace

Result<Placement> place(const PlacementFacts& facts) {
  const std::span<const Candidate> candidates = facts.candidates;
  const Decision decision =
      decide<PlacementFacts, Candidate>(facts, candidates, kMustHaves, cost_of);
  std::string reason = explain(decision, candidates, name_of, "ms");
  if (!decision.chosen) return Error(Errc::throttled, reason);
  const Candidate& chosen = candidates[*decision.chosen];
  Placement placement;
  placement.step = chosen.step;
  placement.shard = chosen.shard;
  placement.reason = std::move(reason);
  return placement;
}

}  // namespace proa::pool
