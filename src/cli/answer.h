// Members of what the daemon answered: missing or odd ones are errors or nothing, never exceptions.
// Private to cli/.
#pragma once

#include "base/result.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proa::cli {

/// The member of that name; null when there is none, or `value` is no object.
const boost::json::value* find_in(const boost::json::value& value, std::string_view name);

/// The member where it is an array. Errc: corrupt (there is no such array).
Result<boost::json::array> array_in(const boost::json::value& value, std::string_view name);

/// The member where it is an object, else null.
const boost::json::value* object_in(const boost::json::value& value, std::string_view name);

/// The member where it is a text, a whole number, a yes; else nothing, "", false.
std::string text_in(const boost::json::value& value, std::string_view name);
std::optional<std::int64_t> number_in(const boost::json::value& value, std::string_view name);
bool flag_in(const boost::json::value& value, std::string_view name);

}  // namespace proa::cli
