#include "launcher/net/probe.h"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace proa::launcher::net {
namespace {

namespace json = boost::json;

std::string text_field(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

Result<json::array> entries_of(const std::string& text) {
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  const json::object* top = error || !parsed.is_object() ? nullptr : &parsed.get_object();
  const json::value* list = top == nullptr ? nullptr : top->if_contains("nftables");
  if (list == nullptr || !list->is_array()) {
    return Error(Errc::corrupt, "nft's list of chains is not what it must be");
  }
  return list->get_array();
}

std::vector<json::object> chains_of(const json::array& entries) {
  std::vector<json::object> chains;
  for (const json::value& entry : entries) {
    const json::object* object = entry.if_object();
    const json::value* chain = object == nullptr ? nullptr : object->if_contains("chain");
    if (chain != nullptr && chain->is_object()) chains.push_back(chain->get_object());
  }
  return chains;
}

std::string remedy(const ForwardChain& chain, const std::vector<json::object>& all,
                   const std::string& device) {
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(all, [&](const json::object& other) {
      return text_field(other, "table") == chain.table &&
             text_field(other, "family") == chain.family && text_field(other, "name") == name;
    });
  };
  const std::string tool = chain.family == "ip6" ? "ip6tables" : "iptables";
  if (has("DOCKER-USER")) {
    return "Docker: " + tool + " -I DOCKER-USER -i " + device + " -j ACCEPT; " + tool +
           " -I DOCKER-USER -o " + device + " -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT";
  }
  if (has("ufw-before-forward") || has("ufw6-before-forward")) {
    return "ufw: ufw route allow in on " + device;
  }
  if (chain.table == "firewalld") {
    return "firewalld: firewall-cmd --permanent --zone=trusted --add-interface=" + device +
           " && firewall-cmd --reload";
  }
  const std::string place =
      "nft insert rule " + chain.family + " " + chain.table + " " + chain.name;
  return place + " iifname " + device + " accept; " + place + " oifname " + device +
         " ct state established,related accept";
}

std::vector<ForwardChain> forward_chains(const std::vector<json::object>& all) {
  std::vector<ForwardChain> chains;
  for (const json::object& object : all) {
    ForwardChain chain;
    chain.family = text_field(object, "family");
    chain.table = text_field(object, "table");
    chain.name = text_field(object, "name");
    chain.policy = text_field(object, "policy");
    if (text_field(object, "hook") == "forward" && !chain.table.starts_with("proa_")) {
      chains.push_back(std::move(chain));
    }
  }
  // A chain that drops by default is the likeliest to be the one.
  std::stable_partition(chains.begin(), chains.end(),
                        [](const ForwardChain& chain) { return chain.policy == "drop"; });
  return chains;
}

}  // namespace

std::string to_string(ProbeOutcome outcome) {
  switch (outcome) {
    case ProbeOutcome::not_tried:
      return "not_tried";
    case ProbeOutcome::passed:
      return "passed";
    case ProbeOutcome::dropped:
      return "dropped";
    case ProbeOutcome::lost:
      return "lost";
  }
  return "not_tried";
}

Result<std::vector<ForwardChain>> foreign_forward_chains(const std::string& json) {
  TRY(auto entries, entries_of(json));
  return forward_chains(chains_of(entries));
}

Result<std::vector<std::string>> advice_for(const std::string& json, const std::string& device) {
  TRY(auto entries, entries_of(json));
  const auto all = chains_of(entries);
  std::vector<std::string> advice;
  for (const ForwardChain& chain : forward_chains(all)) {
    std::string text = "chain " + chain.name + " of table " + chain.family + " " + chain.table;
    if (!chain.policy.empty()) text += " (policy " + chain.policy + ")";
    advice.push_back(text + ": " + remedy(chain, all, device));
  }
  return advice;
}

Result<ProbeCounters> ProbeCounters::install(Nft& nft, const std::string& table,
                                             const std::string& device, const IpAddress& source4,
                                             const IpAddress& source6) {
  // Counted before any filter can see the packet, because at equal priority the chain registered
  // last runs first; and where it leaves, before its source is masqueraded.
  const std::string from4 = "iifname \"" + device + "\" ip saddr " + source4.text();
  const std::string from6 = "iifname \"" + device + "\" ip6 saddr " + source6.text();
  const std::string commands =
      "table inet " + table + " {\n" +
      "  counter arrived4 { }\n  counter left4 { }\n  counter arrived6 { }\n  counter left6 { }\n" +
      "  chain enter { type filter hook prerouting priority -350;\n" + "    " + from4 +
      " counter name arrived4\n    " + from6 + " counter name arrived6\n  }\n" +
      "  chain leave { type filter hook postrouting priority srcnat - 10;\n" + "    " + from4 +
      " counter name left4\n    " + from6 + " counter name left6\n  }\n}\n";
  TRY(nft.run(commands, "install the probe's counters"));
  return ProbeCounters(nft, table);
}

ProbeCounters::ProbeCounters(ProbeCounters&& other) noexcept
    : nft_(std::exchange(other.nft_, nullptr)), table_(std::move(other.table_)) {}

ProbeCounters::~ProbeCounters() {
  if (nft_ == nullptr) return;
  // On failure the next clean_leftovers() removes it by name.
  const auto removed = nft_->run("delete table inet " + table_, "remove the probe's counters");
  static_cast<void>(removed.has_value());
}

Result<std::uint64_t> ProbeCounters::count(const std::string& counter) {
  TRY(auto text, nft_->run("list counter inet " + table_ + " " + counter, "read a probe counter"));
  constexpr std::string_view kLabel = "packets ";
  const std::size_t at = text.find(kLabel);
  std::uint64_t packets = 0;
  if (at == std::string::npos ||
      std::from_chars(text.data() + at + kLabel.size(), text.data() + text.size(), packets).ec !=
          std::errc()) {
    return Error(Errc::corrupt, "nft's counter " + counter + " has no number");
  }
  return packets;
}

}  // namespace proa::launcher::net
