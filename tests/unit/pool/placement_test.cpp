#include "pool/placement.h"

#include <gtest/gtest.h>

namespace proa::pool {
namespace {

Candidate candidate(Step step, std::size_t shard) {
  Candidate made;
  made.step = step;
  made.shard = shard;
  made.tmp_mib = 512;
  return made;
}

/// Everything there is, worst first, so that order alone cannot give the right answer.
PlacementFacts everything() {
  PlacementFacts facts;
  facts.shard = 1;
  facts.tmp_mib = 512;
  for (const Step step : {Step::fresh, Step::parking, Step::parked, Step::idle}) {
    facts.candidates.push_back(candidate(step, 0));
    facts.candidates.push_back(candidate(step, 1));
  }
  return facts;
}

TEST(Placement, IsExplainedAsItIsMade) {
  PlacementFacts facts = everything();
  facts.candidates.back().environment = "0011 (frozen, f)";
  const auto record = explain_placement(facts, true);
  EXPECT_EQ(record.chosen, "idle@1");
  EXPECT_EQ(record.reason, place(facts).value().reason);
  EXPECT_EQ(record.outcome, "X-Proa-Start: warm");
  EXPECT_EQ(record.candidates.back().detail, "0011 (frozen, f)");
  facts.candidates.resize(6);  // none is idle
  EXPECT_EQ(explain_placement(facts, true).outcome, "X-Proa-Start: parked");
  EXPECT_EQ(explain_placement(facts, false).outcome, "X-Proa-Start: cold");
  facts.tmp_mib = 1024;
  EXPECT_EQ(explain_placement(facts, true).outcome, "X-Proa-Start: cold");
  EXPECT_EQ(explain_placement(facts, true).candidates.back().missing, "/tmp of that size");
  facts.candidates.clear();
  EXPECT_EQ(explain_placement(facts, true).chosen, "");
}

TEST(Placement, TheStepsAreTriedInTheirOrderAndHereBeforeElsewhere) {  // BASE-14
  PlacementFacts facts = everything();
  for (const Step step : {Step::idle, Step::parked, Step::parking, Step::fresh}) {
    for (const std::size_t shard : {std::size_t{1}, std::size_t{0}}) {
      const auto placed = place(facts);
      ASSERT_TRUE(placed);
      EXPECT_EQ(placed.value().step, step);
      EXPECT_EQ(placed.value().shard, shard);
      facts.candidates.pop_back();
    }
  }
  EXPECT_FALSE(place(facts));
}

TEST(Placement, AParkedEnvironmentMustHaveTheFunctionsSizeOfTmp) {  // BASE-15
  PlacementFacts facts;
  facts.tmp_mib = 1024;
  facts.candidates = {candidate(Step::parked, 0), candidate(Step::fresh, 0)};
  const auto placed = place(facts);
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed.value().step, Step::fresh);
  EXPECT_EQ(placed.value().reason, "new@0 100ms; parked@0: no /tmp of that size");
}

TEST(Placement, ANewEnvironmentMustHaveRoomAndGoesWhereThereIsSome) {
  PlacementFacts facts;
  facts.tmp_mib = 512;
  facts.candidates = {candidate(Step::fresh, 0), candidate(Step::fresh, 3)};
  facts.candidates[0].has_room = false;
  const auto placed = place(facts);
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed.value().shard, 3U);
  EXPECT_EQ(placed.value().reason, "new@3 100.06ms; new@0: no room");
  facts.candidates.pop_back();
  const auto refused = place(facts);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::throttled);
  EXPECT_EQ(refused.error().message(), "new@0: no room");
}

}  // namespace
}  // namespace proa::pool
