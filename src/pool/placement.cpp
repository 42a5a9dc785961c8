#include "pool/placement.h"

#include "model/invocation.h"
#include "model/settings.h"

#include <array>

namespace proa::pool {
namespace {

constexpr std::string_view kUnit = "ms";

bool is_made_to_order(const Candidate& candidate) {
  return candidate.step == Step::idle || candidate.step == Step::fresh;
}

const std::array<MustHave<PlacementFacts, Candidate>, 2> kMustHaves = {{
    {"room", [](const PlacementFacts&, const Candidate& candidate) { return candidate.has_room; }},
    {"/tmp of that size",
     [](const PlacementFacts& facts, const Candidate& candidate) {
       return is_made_to_order(candidate) || candidate.tmp_mib == facts.tmp_mib;
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

Decision decide_place(const PlacementFacts& facts) {
  return decide<PlacementFacts, Candidate>(facts, facts.candidates, kMustHaves, cost_of);
}

/// A sandbox without an interpreter saves 2 ms; to the caller that is a cold start all the same.
model::Start start_of(Step step, bool is_ahead) {
  if (step == Step::idle) return model::Start::warm;
  return step != Step::fresh && is_ahead ? model::Start::parked : model::Start::cold;
}

}  // namespace

Result<Placement> place(const PlacementFacts& facts) {
  const std::span<const Candidate> candidates = facts.candidates;
  const Decision decision = decide_place(facts);
  std::string reason = explain(decision, candidates, name_of, kUnit);
  if (!decision.chosen) return Error(Errc::throttled, reason);
  const Candidate& chosen = candidates[*decision.chosen];
  Placement placement;
  placement.step = chosen.step;
  placement.shard = chosen.shard;
  placement.reason = std::move(reason);
  return placement;
}

DecisionRecord explain_placement(const PlacementFacts& facts, bool is_ahead) {
  const std::span<const Candidate> candidates = facts.candidates;
  const Decision decision = decide_place(facts);
  DecisionRecord record;
  record.decision = "environment";
  record.reason = explain(decision, candidates, name_of, kUnit);
  record.unit = kUnit;
  record.inputs = {{"shard that the call arrives at", std::to_string(facts.shard), "this request"},
                   {"isolation", std::string(model::to_string(facts.isolation)),
                    "function configuration: proa:isolation"},
                   {"size of /tmp", std::to_string(facts.tmp_mib) + " MiB",
                    "function configuration: EphemeralStorage"}};
  record.candidates = recorded(decision, candidates, name_of);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    record.candidates[i].detail = candidates[i].environment;
  }
  if (!decision.chosen) return record;
  const Candidate& chosen = candidates[*decision.chosen];
  record.chosen = name_of(chosen);
  record.outcome =
      "X-Proa-Start: " + std::string(model::to_string(start_of(chosen.step, is_ahead)));
  return record;
}

}  // namespace proa::pool
