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

}  // namespace proa::model
