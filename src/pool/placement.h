// Placement: where a call runs for which its own shard has no idle environment.
#pragma once

#include "base/decision_record.h"
#include "base/result.h"
#include "model/function.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace proa::pool {

/// The steps of BASE-14, best first. "A container beside others of the same user" has no place
/// here: an environment runs one call at a time and belongs to one version.
enum class Step : std::uint8_t {
  idle,     ///< has this version's code
  parked,   ///< interpreter of this runtime runs, no function yet
  parking,  ///< such an interpreter is being started already
  fresh,    ///< a new environment
};

/// One way to run the call.
struct Candidate {
  Step step = Step::fresh;
  std::size_t shard = 0;
  std::uint32_t tmp_mib = 0;  ///< size of its /tmp; a new one gets what is wanted
  bool has_room = true;       ///< it exists, or the host has room for it (budget.h)
  std::string environment;    ///< for explain(): which one, where that is known
};

/// All that the choice depends on.
struct PlacementFacts {
  std::size_t shard = 0;                                     ///< where the call arrived
  std::uint32_t tmp_mib = 0;                                 ///< what the function wants
  model::Isolation isolation = model::Isolation::container;  ///< of the function
  std::vector<Candidate> candidates;
};

struct Placement {
  Step step = Step::fresh;
  std::size_t shard = 0;
  std::string reason;  ///< every candidate with its cost or what it lacks (X-Proa-Placement)
};

/// The candidate that lets the code begin first and has what it must have: room, the right size
/// of /tmp. Pure. Errc: throttled (none has; the message is the record).
Result<Placement> place(const PlacementFacts& facts);
/// The same choice with all that was found: what `proa explain` shows. `is_ahead`: what is parked
/// has the function's interpreter running already.
DecisionRecord explain_placement(const PlacementFacts& facts, bool is_ahead);

}  // namespace proa::pool
