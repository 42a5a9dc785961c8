// What a request says about a schedule. Private to api/.
#pragma once

#include "api/fields.h"
#include "schedule/schedule.h"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proa::api {

/// Letters, digits, '-', '_' and '.', 1 to 64 of them, as EventBridge Scheduler's names.
/// Errc: invalid.
Result<schedule::Name> decode_schedule_name(std::string_view text, const model::Scope& scope);

/// The whole definition; what is not there has its default. Members that nobody would look at are
/// refused. Errc: invalid (names the member), as parse_function_ref().
Result<schedule::Definition> decode_schedule(const boost::json::object& body, const Fields& fields,
                                             const model::Scope& scope);

}  // namespace proa::api
