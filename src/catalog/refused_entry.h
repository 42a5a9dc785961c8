// What is said of an entry of an archive. Private to catalog/.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace proa::catalog {

inline Error refused_entry(std::string_view path, std::string_view what) {
  return Error(Errc::invalid, "Entry '" + std::string(path) + "' " + std::string(what));
}

}  // namespace proa::catalog
