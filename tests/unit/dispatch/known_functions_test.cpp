#include "dispatch/known_functions.h"

#include "unit/api/fake_parts.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace proa::dispatch {
namespace {

class KnownFunctionsTest : public testing::Test {
 protected:
  static model::FunctionRef ref(const std::string& name) {
    model::FunctionRef ref;
    ref.account_id = "000000000000";
    ref.region = "us-east-1";
    ref.name = name;
    return ref;
  }

  boost::asio::io_context io_;
  api::FakeCatalog catalog_;
  Admission admission_{10};
  CallCounters counters_{catalog_};
  KnownFunctions known_{io_.get_executor(), catalog_, admission_, counters_};
};

TEST_F(KnownFunctionsTest, TheSameNameIsTheSameVersionWithTheSameGateAndCounts) {
  catalog_.put("f");
  const auto first = known_.find(ref("f"));
  ASSERT_TRUE(first);
  const auto gate = first.value().second->gate;
  const auto counts = first.value().second->counts;
  const auto second = known_.find(ref("f"));
  ASSERT_TRUE(second);
  EXPECT_EQ(second.value().first, first.value().first);
  EXPECT_EQ(second.value().second->gate, gate);
  EXPECT_EQ(second.value().second->counts.function, counts.function);
}

TEST_F(KnownFunctionsTest, AnAliasLeadsToItsTwoVersionsByTheirWeights) {
  catalog_.put("f");
  for (const char* number : {"1", "2"}) {
    auto version = std::make_shared<model::FunctionVersion>(*catalog_.records["f"].latest);
    version->version = number;
    catalog_.records["f"].versions[*number - '0'] = version;
  }
  auto named = ref("f");
  named.qualifier = "prod";
  const auto second_of = [&](double weight, int calls) {
    catalog_.records["f"].aliases["prod"] = {"prod", "1", "", "r",
                                             catalog::AliasRoute{"2", weight}};
    ++catalog_.revision;
    int count = 0;
    for (int i = 0; i < calls; ++i) {
      const auto found = known_.find(named);
      if (!found) return -1;
      EXPECT_NE(found.value().second->gate, nullptr);
      count += found.value().first->version == "2" ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(second_of(0, 1'000), 0);
  EXPECT_EQ(second_of(1, 1'000), 1'000);
  const int count = second_of(0.1, 20'000);  // 2,000 by chance, with a deviation of 42
  EXPECT_GT(count, 1'700);
  EXPECT_LT(count, 2'300);
}

TEST_F(KnownFunctionsTest, FunctionsOfOneAccountShareItsCount) {
  catalog_.put("f");
  catalog_.put("g");
  const auto account = known_.find(ref("f")).value().second->counts.account;
  const auto* other = known_.find(ref("g")).value().second;
  EXPECT_EQ(other->counts.account, account);
  EXPECT_NE(other->counts.function, known_.find(ref("f")).value().second->counts.function);
}

TEST_F(KnownFunctionsTest, AReplacedVersionIsSeenAtOnceAndIsOrderedAnew) {
  catalog_.put("f");
  const auto old = known_.find(ref("f")).value();
  const auto gate = old.second->gate;
  catalog_.put("f");
  const auto now = known_.find(ref("f"));
  ASSERT_TRUE(now);
  EXPECT_NE(now.value().first, old.first);
  EXPECT_NE(now.value().second->gate, gate);
}

TEST_F(KnownFunctionsTest, AChangeOfAnotherFunctionLeavesTheGateInPlace) {
  catalog_.put("f");
  const auto gate = known_.find(ref("f")).value().second->gate;
  catalog_.put("g");
  EXPECT_EQ(known_.find(ref("f")).value().second->gate, gate);
}

TEST_F(KnownFunctionsTest, AFunctionThatIsGoneIsNotFoundAndNothingKeepsItsCode) {
  catalog_.put("f");
  std::weak_ptr<const model::FunctionVersion> version = known_.find(ref("f")).value().first;
  catalog_.records.erase("f");
  ++catalog_.revision;
  EXPECT_TRUE(version.expired());
  const auto missing = known_.find(ref("f"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Errc::not_found);
}

TEST_F(KnownFunctionsTest, ReservationsAreSummedOverTheAccount) {
  catalog_.put("f");
  catalog_.put("g");
  catalog_.records["g"].reserved_concurrency = 7;
  ++catalog_.revision;
  const auto found = known_.find(ref("f"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found.value().second->all_reserved, 7U);
  EXPECT_FALSE(found.value().second->reserved);
  EXPECT_EQ(known_.find(ref("g")).value().second->reserved, 7U);
}

}  // namespace
}  // namespace proa::dispatch
