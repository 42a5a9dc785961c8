// What requests for logs have in common. Private to api/.
#pragma once

#include "api/fields.h"
#include "base/result.h"
#include "base/units.h"
#include "logs/filter_pattern.h"
#include "logs/logs.h"
#include "model/function_ref.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace proa::api {

/// The group that is named by logGroupName or by logGroupIdentifier (a name or an ARN); what is
/// wrong with their form is added to the problems. Errc: invalid (both, or neither), not_found (an
/// ARN of another account or region).
Result<logs::GroupKey> decode_log_group(const Fields& fields, const model::Scope& scope);

/// A stream's name or the beginning of one: 1 to 512 characters without ':' and '*'.
void check_stream_name(std::string_view name, std::string_view member, Problems& problems);

/// `key` as a time in milliseconds, not below 0.
std::optional<WallTime> decode_log_time(const Fields& fields, std::string_view key);
/// The time that is `ms` after 1970, or the last there is.
WallTime wall_time_of_ms(std::int64_t ms);

/// A filter pattern as LogQuery wants it; empty when it takes everything. Errc: invalid.
Result<std::function<bool(std::string_view)>> decode_filter(std::string_view pattern);

/// What `text`, which a client sent back, was made of. Errc: invalid, in AWS's words.
Result<std::string> decode_log_token(std::string_view text);
/// For nextToken: in base64, so that nobody builds on it.
std::string make_log_token(std::string_view last);
/// The same for a position. Errc: invalid.
Result<logs::LogPosition> decode_position_token(std::string_view text);

/// Errc: invalid; for members that would change the answer and cannot.
Error unsupported_log_member(std::string_view member);

}  // namespace proa::api
