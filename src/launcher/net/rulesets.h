// The nft rules of both namespaces as text. Pure functions.
//
// Policy is the group of the device an environment hangs on, so that a new environment needs no
// rule and no nft transaction. Only single ports of the host are set elements.
#pragma once

#include "launcher/net/addresses.h"
#include "model/function.h"

#include <cstdint>
#include <string>
#include <vector>

namespace proa::launcher::net {

/// Device groups in the router namespace.
inline constexpr std::uint32_t kGroupUplink = 1;
inline constexpr std::uint32_t kGroupInternet = 10;
inline constexpr std::uint32_t kGroupLan = 11;
inline constexpr std::uint32_t kGroupNone = 12;
/// Devices that wait to be deleted in one sweep.
inline constexpr std::uint32_t kGroupSwept = 99;

/// The device group that stands for a policy.
std::uint32_t group_of(model::NetworkPolicy policy);

/// The table of an instance, in both namespaces: "proa_ID".
std::string table_name(const std::string& instance_id);

/// Rules of the router namespace: what each policy may reach, and what the router itself answers.
std::string router_ruleset(const std::string& table, const AddressPlan& plan);
/// Rules of the host's namespace for uplink `device`: refuses what is addressed to the host,
/// masquerades the rest, lets nothing new in, and nothing out with an outside address.
std::string host_ruleset(const std::string& table, const std::string& device,
                         const AddressPlan& plan);

/// What the router namespace needs besides where pasta is the uplink: table "TABLE_up" gives
/// everything one source address, lets nothing new in, and refuses `host_addresses` at once.
std::string pasta_router_ruleset(const std::string& table,
                                 const std::vector<IpAddress>& host_addresses);
/// Rules of the host's namespace then: the user `uid`, pasta's, reaches no address of the host.
std::string pasta_host_ruleset(const std::string& table, std::uint32_t uid);

}  // namespace proa::launcher::net
