// Decoding the LoggingConfig of CreateFunction and UpdateFunctionConfiguration. Private to api/.
#pragma once

#include "api/fields.h"
#include "model/logging_config.h"

namespace proa::api {

/// The member LoggingConfig of a request, checked against the model's constraints (problems of
/// `fields`); a change of nothing where there is none. Whether it fits the function is for
/// model::LoggingChange::applied_to().
model::LoggingChange decode_logging(const Fields& fields);

}  // namespace proa::api
