#include "unit/pool/pool_fixture.h"

namespace proa::pool {
namespace {

class PoolExplainTest : public PoolTest {
 protected:
  DecisionRecord explain(const model::FunctionPtr& function, const std::string& decision) {
    for (auto& record : pool_->explain(function)) {
      if (record.decision == decision) return record;
    }
    ADD_FAILURE() << "no decision " << decision;
    return {};
  }
};

TEST_F(PoolExplainTest, TheNextCallTakesTheEnvironmentThatIsNamed) {
  park("python3.11");
  const auto f = function("f");
  const auto before = explain(f, "environment");
  EXPECT_EQ(before.chosen, "parked@0");
  EXPECT_EQ(before.outcome, "X-Proa-Start: parked");
  const auto first = call(f);
  EXPECT_EQ(before.candidates.at(0).detail.substr(0, first.first.size()), first.first);
  const auto after = explain(f, "environment");
  EXPECT_EQ(after.chosen, "idle@0");
  EXPECT_EQ(after.outcome, "X-Proa-Start: warm");
  EXPECT_EQ(after.candidates.at(0).detail, first.first + " (idle, f)");
  EXPECT_EQ(call(f).first, first.first);
}

TEST_F(PoolExplainTest, NothingIsStartedByIt) {
  const std::size_t made = world_.made;
  explain(function("f"), "environment");
  settle();
  EXPECT_EQ(world_.made, made);
}

TEST_F(PoolExplainTest, AVariableThatCountsAtTheStartNeedsAProcessOfItsOwn) {
  const auto plain = function("plain");
  EXPECT_EQ(explain(plain, "process").chosen, "parked interpreter");
  const auto own =
      changed(plain, [](auto& version) { version.environment["PYTHONHASHSEED"] = "1"; });
  EXPECT_EQ(explain(own, "process").chosen, "started for the function");
  EXPECT_EQ(explain(own, "process").inputs.at(1).value, "PYTHONHASHSEED");
}

TEST_F(PoolExplainTest, WithoutRoomItNamesWhatWouldEnd) {
  options_.parked_max = 0;
  budget_options_.environments_max = 2;
  make();
  const auto mine = function("mine");
  const auto theirs = function("theirs", "2");
  EXPECT_EQ(explain(mine, "room").chosen, "there is room");
  const auto oldest = call(theirs);
  clock_.advance(std::chrono::seconds(1));
  call(mine);
  const auto foreign = explain(mine, "room");
  EXPECT_EQ(foreign.chosen, "end one of another account") << "whose, is not theirs to know";
  EXPECT_NE(foreign.reason.find("--max-environments"), std::string::npos);
  EXPECT_EQ(explain(theirs, "room").chosen, "end " + oldest.first + " (idle, theirs)");
  EXPECT_EQ(foreign.inputs.at(1).from, "flag --max-environments");
}

TEST_F(PoolExplainTest, ARuntimeThatIsNotThereEndsTheList) {
  const auto java = changed(function("f"), [](auto& version) { version.runtime = "java21"; });
  const auto records = pool_->explain(java);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].chosen, "");
  EXPECT_NE(records[0].reason.find("java21"), std::string::npos);
}

}  // namespace
}  // namespace proa::pool
