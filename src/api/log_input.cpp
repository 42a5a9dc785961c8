#include "api/log_input.h"

#include "base/encoding.h"

#include <algorithm>
#include <limits>

namespace proa::api {
namespace {

constexpr std::size_t kGroupNameMax = 512;
constexpr std::size_t kIdentifierMax = 2048;

void check_group_name(std::string_view name, std::string_view member, Problems& problems) {
  check_length(name, kGroupNameMax, member, problems);
  if (name.empty()) {
    problems.violate(name, member, "have length greater than or equal to 1");
  }
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return model::is_log_group(std::string_view(&c, 1));
  });
  if (!is_plain || name.empty()) {
    problems.violate(name, member, R"(satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+)");
  }
}

Error no_such_group() { return Error(Errc::not_found, "The specified log group does not exist."); }

/// arn:aws:logs:REGION:ACCOUNT:log-group:NAME, perhaps with ":*" behind it.
Result<logs::GroupKey> group_of_arn(std::string_view arn, const model::Scope& scope) {
  const std::string begin = "arn:aws:logs:" + scope.region + ":" + scope.account_id + ":log-group:";
  if (!arn.starts_with(begin)) return no_such_group();
  arn.remove_prefix(begin.size());
  if (arn.ends_with(":*")) arn.remove_suffix(2);
  if (!model::is_log_group(arn)) return no_such_group();
  return logs::GroupKey{scope.account_id, scope.region, std::string(arn)};
}

}  // namespace

Result<logs::GroupKey> decode_log_group(const Fields& fields, const model::Scope& scope) {
  const auto name = fields.view("logGroupName");
  const auto identifier = fields.view("logGroupIdentifier");
  if (name && identifier) {
    return Error(Errc::invalid,
                 "Only one of logGroupName and logGroupIdentifier can be given, not both");
  }
  if (name) {
    check_group_name(*name, "logGroupName", fields.problems());
    return logs::GroupKey{scope.account_id, scope.region, std::string(*name)};
  }
  if (!identifier) {
    return Error(Errc::invalid, "One of logGroupName and logGroupIdentifier must be given");
  }
  check_length(*identifier, kIdentifierMax, "logGroupIdentifier", fields.problems());
  if (identifier->starts_with("arn:")) return group_of_arn(*identifier, scope);
  check_group_name(*identifier, "logGroupIdentifier", fields.problems());
  return logs::GroupKey{scope.account_id, scope.region, std::string(*identifier)};
}

void check_stream_name(std::string_view name, std::string_view member, Problems& problems) {
  check_length(name, kGroupNameMax, member, problems);
  if (name.empty()) {
    problems.violate(name, member, "have length greater than or equal to 1");
  }
  if (name.find_first_of(":*") != std::string_view::npos) {
    problems.violate(name, member, "satisfy regular expression pattern: [^:*]*");
  }
}

std::optional<WallTime> decode_log_time(const Fields& fields, std::string_view key) {
  const auto ms = fields.ranged(key, key, 0, std::numeric_limits<std::int64_t>::max());
  if (!ms) return std::nullopt;
  return wall_time_of_ms(*ms);
}

WallTime wall_time_of_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(std::min(ms, epoch_ms(WallTime::max()) - 1)));
}

Result<std::function<bool(std::string_view)>> decode_filter(std::string_view pattern) {
  TRY(auto filter, logs::FilterPattern::compile(pattern));
  std::function<bool(std::string_view)> matches;
  if (!filter.is_everything()) {
    matches = [filter = std::move(filter)](std::string_view message) {
      return filter.matches(message);
    };
  }
  return matches;
}

Result<std::string> decode_log_token(std::string_view text) {
  auto last = from_base64(text);
  if (last && !last->empty()) return std::move(*last);
  return Error(Errc::invalid, "The specified nextToken is invalid.");
}

std::string make_log_token(std::string_view last) { return to_base64(last); }

Result<logs::LogPosition> decode_position_token(std::string_view text) {
  TRY(const auto last, decode_log_token(text));
  const auto position = logs::LogPosition::parse(last);
  if (position) return *position;
  return Error(Errc::invalid, "The specified nextToken is invalid.");
}

Error unsupported_log_member(std::string_view member) {
  return Error(Errc::unsupported, std::string(member) + " is not supported by Proa yet");
}

}  // namespace proa::api
