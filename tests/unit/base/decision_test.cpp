#include "base/decision.h"

#include <gtest/gtest.h>

#include <array>

namespace proa {
namespace {

struct Wish {
  int least = 0;
};
struct Offer {
  std::string name;
  int size = 0;
  double price = 0;
  bool is_open = true;
};

const std::array<MustHave<Wish, Offer>, 2> kMustHaves = {{
    {"opening hours", [](const Wish&, const Offer& offer) { return offer.is_open; }},
    {"room", [](const Wish& wish, const Offer& offer) { return offer.size >= wish.least; }},
}};

Decision choose(int least, std::span<const Offer> offers) {
  return decide<Wish, Offer>(Wish{least}, offers, kMustHaves,
                             [](const Wish&, const Offer& offer) { return offer.price; });
}

const std::vector<Offer> kOffers = {
    {"small", 1, 10}, {"large", 9, 50}, {"dear", 9, 90}, {"shut", 9, 1, false}};

TEST(Decision, TheCheapestCandidateThatHasWhatItMustHaveIsChosen) {
  const Decision decision = choose(5, kOffers);
  ASSERT_TRUE(decision.chosen);
  EXPECT_EQ(kOffers[*decision.chosen].name, "large");
}

TEST(Decision, EachCandidatesVerdictNamesTheFirstThingItLacks) {
  const Decision decision = choose(5, kOffers);
  EXPECT_EQ(decision.verdicts[0].missing, "room");
  EXPECT_EQ(decision.verdicts[2].missing, "");
  EXPECT_EQ(decision.verdicts[2].cost, 90);
  EXPECT_EQ(decision.verdicts[3].missing, "opening hours");
}

TEST(Decision, EqualCostsGoToTheEarlierCandidate) {
  const std::vector<Offer> twins = {{"first", 1, 5}, {"second", 1, 5}};
  EXPECT_EQ(choose(0, twins).chosen, 0U);
}

TEST(Decision, WithoutACandidateThatFitsNothingIsChosen) {
  EXPECT_FALSE(choose(100, kOffers).chosen);
  EXPECT_FALSE(choose(0, {}).chosen);
}

TEST(Decision, TheRecordNamesTheChosenOneFirstAndWhyNotTheOthers) {
  const auto name_of = [](const Offer& offer) { return offer.name; };
  EXPECT_EQ(explain<Offer>(choose(5, kOffers), kOffers, name_of, "EUR"),
            "large 50EUR; small: no room; dear 90EUR; shut: no opening hours");
  const std::vector<Offer> none = {{"small", 1, 10}};
  EXPECT_EQ(explain<Offer>(choose(5, none), none, name_of, "EUR"), "small: no room");
}

}  // namespace
}  // namespace proa
