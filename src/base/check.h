// check(): for invariants only. Bad input and failing system calls are Errors, never checks.
#pragma once

#include <boost/assert/source_location.hpp>

#include <string_view>

namespace proa {

/// Ends the process with file, line and message when `condition` is false: the program itself is
/// wrong and going on could harm data. Always on, in release builds too.
void check(bool condition, std::string_view message,
           const boost::source_location& where = BOOST_CURRENT_LOCATION);

}  // namespace proa
