// The one state machine of all environments, whatever their backend and role.
#pragma once

#include <cstdint>
#include <string_view>

namespace proa::environment {

/// provisioning -> warm -> assigned -> running <-> assigned, assigned <-> frozen; failed calls lead
/// through resetting back to assigned; everything ends in terminated. suspended, resumed and
/// migrating join with the features that need them.
enum class State : std::uint8_t {
  provisioning,  ///< sandbox and interpreter are being started
  warm,          ///< started, belongs to nobody: parked
  assigned,      ///< has a function's code; idle
  running,       ///< a call (or the function's initialisation) is in it
  frozen,        ///< idle, every process stopped
  resetting,     ///< its processes are being killed after a failed call; /tmp stays
  terminated,    ///< nothing runs in it any more
};

std::string_view to_string(State state);

/// Whether the machine has an edge from `from` to `to`.
bool may_change(State from, State to);

}  // namespace proa::environment
