#include "sandbox/template_shelf.h"

#include <gtest/gtest.h>

namespace proa::sandbox {
namespace {

using namespace std::chrono_literals;

class TemplateShelfTest : public testing::Test {
 protected:
  static TemplateOptions options(TemplateSharing sharing = TemplateSharing::shared) {
    TemplateOptions options;
    options.sharing = sharing;
    options.most = Bytes::mib(400);
    return options;
  }
  static TemplateWish wish(const std::string& account = "1") {
    TemplateWish wish;
    wish.plan.plan.kernel = "kernel";
    wish.plan.plan.root_image = "root";
    wish.plan.memory_mib = 128;
    wish.plan.command = RuntimeCommand{{"/usr/bin/node"}, {"A=1"}, "/"};
    wish.account_id = account;
    return wish;
  }
  static TemplateShelf::Template made(std::uint64_t mib) {
    MachineTemplate made;
    made.memory = Bytes::mib(mib);
    return std::make_shared<const MachineTemplate>(std::move(made));
  }
  TemplateShelf::Put put(const std::string& key, std::uint64_t mib = 170) {
    return shelf_.put(key, made(mib), now_);
  }
  void pass(std::chrono::seconds time) { now_ += time; }
  bool is_due(const std::string& key) const { return shelf_.is_due(key, now_); }
  bool has(const std::string& key) { return shelf_.find(key, now_) != nullptr; }

  TemplateShelf shelf_{options()};
  SteadyTime now_ = SteadyTime() + 24h;
};

TEST_F(TemplateShelfTest, AKeyIsWhatMachinesMustHaveInCommon) {
  const std::string key = shelf_.key_of(wish());
  EXPECT_EQ(shelf_.key_of(wish()), key);
  auto other = wish();
  other.plan.plan.kernel = "another";
  EXPECT_NE(shelf_.key_of(other), key);
  other = wish();
  other.plan.plan.root_image = "another";
  EXPECT_NE(shelf_.key_of(other), key);
  other = wish();
  other.plan.memory_mib = 256;
  EXPECT_NE(shelf_.key_of(other), key);
  other = wish();
  other.plan.kernel_mib = 30;
  EXPECT_NE(shelf_.key_of(other), key);
  other = wish();
  other.plan.command->environment = {"A=2"};
  EXPECT_NE(shelf_.key_of(other), key);
  other = wish();
  other.plan.command = std::nullopt;
  EXPECT_NE(shelf_.key_of(other), key);
}

TEST_F(TemplateShelfTest, AccountsShareThemUnlessEachHasItsOwn) {
  EXPECT_EQ(shelf_.key_of(wish("1")), shelf_.key_of(wish("2")));
  const TemplateShelf strict(options(TemplateSharing::strict));
  EXPECT_NE(strict.key_of(wish("1")), strict.key_of(wish("2")));
  const TemplateShelf off(options(TemplateSharing::off));
  EXPECT_FALSE(off.is_due(off.key_of(wish()), now_));
}

TEST_F(TemplateShelfTest, OneIsDueWhenThereIsNoneOrItHasHadItsTime) {
  EXPECT_TRUE(is_due("a"));
  EXPECT_TRUE(put("a").dropped.empty());
  EXPECT_TRUE(has("a"));
  EXPECT_FALSE(is_due("a"));
  pass(59min);
  EXPECT_FALSE(is_due("a"));
  pass(1min);
  EXPECT_TRUE(is_due("a"));
  EXPECT_TRUE(has("a")) << "until there is another one";
  shelf_.not_made("a", now_);
  EXPECT_FALSE(has("a")) << "it is not used longer because none can be made";
  EXPECT_FALSE(is_due("a"));
  pass(5min);
  EXPECT_TRUE(is_due("a"));
}

TEST_F(TemplateShelfTest, WhatWasNotUsedForLongestGoesAndIsNotMadeAtOnce) {
  put("a");
  pass(1s);
  put("b");
  pass(1s);
  EXPECT_TRUE(has("a"));
  pass(1s);
  const auto third = put("c", 180);
  EXPECT_EQ(third.dropped, std::vector<Bytes>{Bytes::mib(170)});
  EXPECT_TRUE(has("a") && has("c"));
  EXPECT_FALSE(has("b"));
  EXPECT_EQ(shelf_.templates(), 2U);
  EXPECT_EQ(shelf_.bytes(), Bytes::mib(350));
  EXPECT_FALSE(is_due("b")) << "every boot would make one and drop one";
  pass(5min);
  EXPECT_TRUE(is_due("b"));
}

TEST_F(TemplateShelfTest, TheNewestStaysWhateverElseHasToGo) {
  put("a");
  pass(1s);
  put("b");
  EXPECT_EQ(put("large", 400).dropped.size(), 2U);
  EXPECT_TRUE(has("large"));
}

TEST_F(TemplateShelfTest, OneThatAloneIsTooLargeIsNeverMadeAgainAndDropsNoOther) {
  put("a");
  const auto large = put("large", 401);
  EXPECT_TRUE(large.is_too_large);
  EXPECT_TRUE(large.dropped.empty());
  EXPECT_FALSE(has("large"));
  EXPECT_TRUE(has("a"));
  pass(24h);
  EXPECT_FALSE(is_due("large"));
  put("a");
  EXPECT_FALSE(is_due("large")) << "it is not forgotten either";
}

TEST_F(TemplateShelfTest, OneWhoseCopiesDoNotRunIsNotUsedNorMadeForAWhile) {
  put("a");
  const auto broken = shelf_.find("a", now_);
  EXPECT_TRUE(shelf_.remove("a", *broken, now_));
  EXPECT_FALSE(has("a"));
  EXPECT_FALSE(is_due("a"));
  pass(5min);
  put("a");
  EXPECT_FALSE(shelf_.remove("a", *broken, now_)) << "this is another one";
  EXPECT_TRUE(has("a"));
}

}  // namespace
}  // namespace proa::sandbox
