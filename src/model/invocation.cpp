#include "model/invocation.h"

namespace proa::model {

std::string_view to_string(Start start) {
  switch (start) {
    case Start::warm:
      return "warm";
    case Start::parked:
      return "parked";
    case Start::restored:
      return "restored";
    case Start::cold:
      return "cold";
  }
  return "cold";
}

std::string_view to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::exception:
      return "exception";
    case FailureKind::init:
      return "init";
    case FailureKind::timeout:
      return "timeout";
    case FailureKind::exit:
      return "exit";
    case FailureKind::out_of_memory:
      return "out_of_memory";
    case FailureKind::response_size:
      return "response_size";
    case FailureKind::protocol:
      return "protocol";
  }
  return "exit";
}

}  // namespace proa::model
