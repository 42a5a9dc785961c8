// Which Node a native addon was built for.
#pragma once

#include <optional>
#include <string_view>

namespace proa::catalog {

/// The ABI number (NODE_MODULE_VERSION) in a shared object's symbols: 115 for an addon that has
/// node_register_module_v115. None for addons of Node-API, which fit every Node, and for those that
/// do not say (https://nodejs.org/api/addons.html, "Context-aware addons").
std::optional<int> addon_abi(std::string_view shared_object);

/// The ABI number of a Node version ("20.11.1"); none for one that is not in the table below
/// https://github.com/nodejs/node/blob/main/doc/abi_version_registry.json.
std::optional<int> node_abi(std::string_view version);
/// The Node of an ABI number: 20 of 115.
std::optional<int> node_of_abi(int abi);

}  // namespace proa::catalog
