#include "launcher/net/probe.h"

#include <gtest/gtest.h>

namespace proa::launcher::net {
namespace {

std::string chain(const std::string& family, const std::string& table, const std::string& name,
                  const std::string& more) {
  return R"({"chain": {"family": ")" + family + R"(", "table": ")" + table + R"(", "name": ")" +
         name + "\"" + more + "}}";
}

std::string listing(const std::vector<std::string>& chains) {
  std::string text = R"({"nftables": [{"metainfo": {"version": "1.0.6"}})";
  for (const std::string& one : chains) text += ", " + one;
  return text + "]}";
}

const std::string kDropForward = R"(, "type": "filter", "hook": "forward", "policy": "drop")";
const std::string kAcceptForward = R"(, "type": "filter", "hook": "forward", "policy": "accept")";

TEST(Probe, FindsForeignForwardChainsTheDroppingOnesFirst) {
  const auto chains = foreign_forward_chains(
      listing({chain("inet", "proa_0", "forward", kAcceptForward),
               chain("inet", "firewalld", "filter_FORWARD", kAcceptForward),
               chain("ip", "filter", "FORWARD", kDropForward), chain("ip", "filter", "X", "")}));
  ASSERT_TRUE(chains) << chains.error().message();
  ASSERT_EQ(chains.value().size(), 2U);
  EXPECT_EQ(chains.value()[0].table, "filter");
  EXPECT_EQ(chains.value()[1].table, "firewalld");
}

TEST(Probe, AdvisesInTheLanguageOfTheToolThatOwnsTheChain) {
  const auto advice_of = [](const std::vector<std::string>& chains) {
    return advice_for(listing(chains), "proa0").value().at(0);
  };
  EXPECT_NE(advice_of({chain("ip", "filter", "FORWARD", kDropForward),
                       chain("ip", "filter", "DOCKER-USER", "")})
                .find("iptables -I DOCKER-USER -i proa0 -j ACCEPT"),
            std::string::npos);
  EXPECT_NE(advice_of({chain("ip", "filter", "FORWARD", kDropForward),
                       chain("ip", "filter", "ufw-before-forward", "")})
                .find("ufw route allow in on proa0"),
            std::string::npos);
  EXPECT_NE(advice_of({chain("inet", "firewalld", "filter_FORWARD", kAcceptForward)})
                .find("--zone=trusted --add-interface=proa0"),
            std::string::npos);
  EXPECT_NE(advice_of({chain("inet", "mine", "fwd", kDropForward)})
                .find("nft insert rule inet mine fwd iifname proa0 accept"),
            std::string::npos);
}

TEST(Probe, BrokenListingsAreErrors) {
  for (const char* text : {"", "[]", "{}", R"({"nftables": 1})"}) {
    EXPECT_EQ(advice_for(text, "proa0").error().code(), Errc::corrupt) << text;
  }
  EXPECT_TRUE(advice_for(R"({"nftables": [1, {"chain": 2}, {"chain": {}}]})", "proa0"));
}

}  // namespace
}  // namespace proa::launcher::net
