// What names, keys, qualifiers and ARNs of the catalog are made of. Private to catalog/; values.
#pragma once

#include "model/function_ref.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace proa::catalog {

/// Versions, and all other numbers of a record, fit in JSON's signed 64 bits.
inline constexpr std::uint64_t kVersionNumberMax = std::numeric_limits<std::int64_t>::max();

/// The version that changes with every update.
inline constexpr std::string_view kLatest = "$LATEST";

/// What keys and ARNs are made of: a region's name, a function's or layer's name.
bool is_region(std::string_view text);
bool is_plain_name(std::string_view text, std::size_t size_max);

/// The part of `arn` between two colons, from 0; empty when there are fewer.
std::string_view arn_part(std::string_view arn, int index);
/// What a full ARN of a function in `scope`, with or without a qualifier, refers to; nothing for
/// any other text.
std::optional<model::FunctionRef> function_of_arn(std::string_view arn, const model::Scope& scope);

}  // namespace proa::catalog
