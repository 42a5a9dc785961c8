// Everything the daemon tells about one function. Private to cli/.
#pragma once

#include "cli/cli.h"

#include <boost/json/value.hpp>

#include <string>

namespace proa::cli {

/// GetFunction's answer (Configuration, Code, Tags, Concurrency) with EventInvokeConfig beside them
/// where there is one. Errc: as ask(); corrupt (no Configuration).
Result<boost::json::value> fetch_function(const Surroundings& surroundings,
                                          const std::string& name);

/// For people: a line each, values of environment variables only where `shows_environment`.
std::string describe_function(const Surroundings& surroundings, const boost::json::value& document,
                              bool shows_environment);

}  // namespace proa::cli
