// Does a packet of an environment get through the host? Foreign firewalls may drop it, and only
// trying shows that.
#pragma once

#include "launcher/net/addresses.h"
#include "launcher/net/nft.h"

#include <string>
#include <vector>

namespace proa::launcher::net {

/// What became of the test packet of one family.
enum class ProbeOutcome {
  not_tried,  ///< the environment has no such family, or the host no way out
  passed,     ///< it left the host
  dropped,    ///< it reached the host and never left: foreign rules
  lost,       ///< it did not even reach the host's own counters
};

struct ProbeReport {
  ProbeReport() = default;
  ProbeOutcome ipv4 = ProbeOutcome::not_tried;
  ProbeOutcome ipv6 = ProbeOutcome::not_tried;
  /// For each suspicious chain: its name, and the rules that would let Proa through. Never applied
  /// by Proa: foreign tables belong to their tools.
  std::vector<std::string> advice;
};

std::string to_string(ProbeOutcome outcome);

/// A base chain on the forward hook, from nft's JSON.
struct ForwardChain {
  ForwardChain() = default;
  std::string family;
  std::string table;
  std::string name;
  std::string policy;
};

/// The forward chains in `json` (of "list chains") that are not in a table of ours (prefix proa_).
/// Errc: corrupt.
Result<std::vector<ForwardChain>> foreign_forward_chains(const std::string& json);
/// The remedies, for uplink `device`; `json` as above, to recognise Docker, ufw and firewalld.
Result<std::vector<std::string>> advice_for(const std::string& json, const std::string& device);

/// Counts packets of the probe's sources where they enter and where they leave the host, in a table
/// of its own that vanishes with the object. Use only while visiting the host's namespace.
class ProbeCounters {
 public:
  /// Errc: os, and those of Nft::run.
  static Result<ProbeCounters> install(Nft& nft, const std::string& table,
                                       const std::string& device, const IpAddress& source4,
                                       const IpAddress& source6);
  ProbeCounters(ProbeCounters&& other) noexcept;
  ProbeCounters& operator=(ProbeCounters&&) = delete;
  ~ProbeCounters();

  /// Packets seen so far by the counter "arrived4", "left4", "arrived6" or "left6".
  Result<std::uint64_t> count(const std::string& counter);

 private:
  ProbeCounters(Nft& nft, std::string table) : nft_(&nft), table_(std::move(table)) {}
  Nft* nft_;
  std::string table_;
};

}  // namespace proa::launcher::net
