// The members of PutFunctionEventInvokeConfig and UpdateFunctionEventInvokeConfig. Private to api/.
#pragma once

#include "api/fields.h"
#include "catalog/catalog.h"

#include <optional>
#include <string_view>

namespace proa::api {

/// What a body asks for; nothing when it has none of the members. Violated constraints go to the
/// problems of `fields`. Whether a destination exists and can be used is the catalog's question.
std::optional<catalog::EventConfigChange> decode_event_config(const Fields& fields);

/// Whether `text` matches the pattern of destinations in Lambda's model: empty, kafka://... or an
/// ARN of any service.
bool is_destination(std::string_view text);

}  // namespace proa::api
