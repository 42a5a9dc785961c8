// Rights of a key. Part of identity/'s public face, through identity.h.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace proa::identity {

/// What a key may do. Separate on purpose: who deploys need not see other people's traffic.
enum class Right : std::uint8_t {
  invoke,          ///< call functions
  deploy,          ///< create, delete, code, layers; read
  configure,       ///< settings, tags, concurrency; read
  logs,            ///< read logs
  attach_debug,    ///< attach a debugger
  attach_memory,   ///< see the memory
  attach_traffic,  ///< see the traffic
  admin,           ///< accounts and keys of the whole daemon
};

/// A set of rights; a value.
class Rights {
 public:
  Rights() = default;
  explicit Rights(std::initializer_list<Right> rights) {
    for (const Right right : rights) add(right);
  }
  void add(Right right) { bits_ = static_cast<std::uint8_t>(bits_ | bit(right)); }
  bool has(Right right) const { return (bits_ & bit(right)) != 0; }
  bool has_any(Rights others) const { return (bits_ & others.bits_) != 0; }
  bool empty() const { return bits_ == 0; }
  bool operator==(const Rights&) const = default;

 private:
  static std::uint8_t bit(Right right) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(right));
  }
  std::uint8_t bits_ = 0;
};

/// "invoke", ..., "attach:debug", ..., "admin".
std::string_view to_string(Right right);
/// The names in their order.
std::vector<std::string> to_names(Rights rights);
/// Errc: invalid (an unknown name; says which there are).
Result<Rights> parse_rights(const std::vector<std::string>& names);

}  // namespace proa::identity
