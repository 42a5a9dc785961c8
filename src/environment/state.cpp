#include "environment/state.h"

namespace proa::environment {

std::string_view to_string(State state) {
  switch (state) {
    case State::provisioning:
      return "provisioning";
    case State::warm:
      return "warm";
    case State::assigned:
      return "assigned";
    case State::running:
      return "running";
    case State::frozen:
      return "frozen";
    case State::resetting:
      return "resetting";
    case State::terminated:
      return "terminated";
  }
  return "terminated";
}

bool may_change(State from, State to) {
  if (from == State::terminated) return false;
  if (to == State::terminated) return true;
  switch (from) {
    case State::provisioning:
      return to == State::warm;
    case State::warm:
      return to == State::assigned;
    case State::assigned:
      return to == State::running || to == State::frozen || to == State::resetting;
    case State::running:
      return to == State::assigned || to == State::resetting;
    case State::frozen:
    case State::resetting:
      return to == State::assigned;
    case State::terminated:
      return false;
  }
  return false;
}

}  // namespace proa::environment
