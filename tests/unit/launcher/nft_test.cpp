#include "launcher/net/nft.h"

#include "launcher/net/namespaces.h"
#include "launcher/supervisor.h"
#include "unit/launcher/own_process.h"

#include <boost/json.hpp>

#include <optional>

namespace proa::launcher::net {
namespace {

class NftTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto visit = NamespaceVisit::enter_new();
    if (!visit) GTEST_SKIP() << "needs the right to make network namespaces";
    visit_.emplace(std::move(visit).value());
    auto nft = Nft::open();
    ASSERT_TRUE(nft) << nft.error().message();
    nft_.emplace(std::move(nft).value());
    if (auto listed = nft_->run("list tables", "list"); !listed) {
      GTEST_SKIP() << "no nftables here: " << listed.error().message();
    }
  }
  std::string tables() { return nft_->run("list tables", "list").value(); }

  std::optional<NamespaceVisit> visit_;
  std::optional<Nft> nft_;
};

TEST_F(NftTest, PrintsWhatTheCommandsPrintAndNothingOfEarlierOnes) {
  EXPECT_EQ(nft_->run("add table inet first", "add").value(), "");
  EXPECT_EQ(tables(), "table inet first\n");
  EXPECT_EQ(tables(), "table inet first\n");
}

TEST_F(NftTest, CommandsTakeEffectAllOrNoneAndTheErrorSaysWhatWasTried) {
  const auto failed =
      nft_->run("add table inet first\ndelete table inet absent\n", "set up the test");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::not_found);
  EXPECT_EQ(failed.error().message().find("set up the test: nft says: "), 0U)
      << failed.error().message();
  EXPECT_NE(failed.error().message().find("No such file or directory"), std::string::npos);
  EXPECT_EQ(tables(), "") << "half of it was done, or the error's words came again";
}

TEST_F(NftTest, WhatIsNoCommandIsAnOrdinaryErrorOfBoundedLength) {
  std::string nonsense;
  for (int i = 0; i < 200; ++i) nonsense += "frobnicate " + std::to_string(i) + "\n";
  const auto failed = nft_->run(nonsense, "try");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::os);
  EXPECT_NE(failed.error().message().find("syntax error"), std::string::npos);
  EXPECT_LT(failed.error().message().size(), 450U);
  EXPECT_TRUE(nft_->run("add table inet after", "add")) << "the context is as good as before";
}

TEST_F(NftTest, JsonIsForTheOneRunThatAsksForIt) {
  ASSERT_TRUE(nft_->run("add table inet first", "add"));
  const auto printed = nft_->run_json("list tables", "list");
  ASSERT_TRUE(printed) << printed.error().message();
  const auto parsed = boost::json::parse(printed.value());
  const auto& last = parsed.at("nftables").as_array().back();
  EXPECT_EQ(last.at("table").at("name").as_string(), "first");
  EXPECT_EQ(tables(), "table inet first\n");
  EXPECT_FALSE(nft_->run_json("list table inet absent", "list"));
  EXPECT_EQ(tables(), "table inet first\n") << "a failed run in JSON left it switched on";
}

TEST_F(NftTest, TablesAreThoseOfTheNamespaceItWasOpenedIn) {
  ASSERT_TRUE(nft_->run("add table inet outer", "add"));
  const auto inner = NamespaceVisit::enter_new();
  ASSERT_TRUE(inner);
  auto other = Nft::open();
  ASSERT_TRUE(other);
  EXPECT_EQ(other.value().run("list tables", "list").value(), "");
}

TEST_F(NftTest, WithoutTheRightItIsDenied) {
  const std::string said = test::said_by_child([]() -> std::string {
    if (auto dropped = keep_capabilities(0); !dropped) return dropped.error().message();
    auto nft = Nft::open();
    if (!nft) return nft.error().message();
    const auto failed = nft.value().run("add table inet mine", "add");
    if (failed) return "it was added";
    return failed.error().code() == Errc::denied ? "denied" : failed.error().message();
  });
  EXPECT_EQ(said, "denied");
  EXPECT_EQ(tables(), "");
}

}  // namespace
}  // namespace proa::launcher::net
