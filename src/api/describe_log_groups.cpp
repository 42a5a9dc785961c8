// DescribeLogGroups:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
#include "api/errors.h"
#include "api/log_input.h"
#include "api/log_operations.h"
#include "api/log_output.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kGroupsMax = 50;

struct WantedGroups {
  std::string prefix;
  std::string part;   ///< that is somewhere in the name
  std::string after;  ///< name that the page before ended with
  std::size_t limit = kGroupsMax;
  bool has_any = true;  ///< of the class that was asked for
};

void check_name(std::string_view text, std::string_view member, std::size_t least,
                Problems& problems) {
  check_length(text, 512, member, problems);
  if (text.size() < least) {
    problems.violate(text, member, "have length greater than or equal to 1");
  }
  if (!text.empty() && !model::is_log_group(text.substr(0, 512))) {
    problems.violate(text, member, R"(satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+)");
  }
}

Result<WantedGroups> decode_groups(const Fields& fields) {
  WantedGroups wanted;
  const auto prefix = fields.text("logGroupNamePrefix");
  const auto part = fields.text("logGroupNamePattern");
  if (prefix) check_name(*prefix, "logGroupNamePrefix", 1, fields.problems());
  if (part) check_name(*part, "logGroupNamePattern", 0, fields.problems());
  if (prefix && part) {
    return Error(Errc::invalid,
                 "LogGroup name prefix and LogGroup name pattern are mutually exclusive "
                 "parameters.");
  }
  wanted.prefix = prefix.value_or("");
  wanted.part = part.value_or("");
  const auto limit = fields.ranged("limit", "limit", 1, kGroupsMax);
  wanted.limit = static_cast<std::size_t>(limit.value_or(kGroupsMax));
  for (const char* member :
       {"includeLinkedAccounts", "accountIdentifiers", "logGroupIdentifiers"}) {
    const bool is_asked =
        fields.says_something(member) &&
        !(member == std::string_view("includeLinkedAccounts") && fields.boolean(member) == false);
    if (is_asked) return unsupported_log_member(member);
  }
  wanted.has_any = fields.text("logGroupClass").value_or("STANDARD") == "STANDARD";
  if (const auto token = fields.view("nextToken")) {
    TRY(wanted.after, decode_log_token(*token));
  }
  return wanted;
}

}  // namespace

Task<http::Response> describe_log_groups(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  auto decoded = decode_groups(fields);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const auto wanted, std::move(decoded));
  CO_TRY(auto groups,
         co_await context.logs.groups(call.scope.account_id, call.scope.region, wanted.prefix));
  std::erase_if(groups, [&](const logs::GroupSummary& group) {
    return !wanted.has_any || group.name <= wanted.after ||
           group.name.find(wanted.part) == std::string::npos;
  });
  const std::size_t count = std::min(groups.size(), wanted.limit);
  json::array list;
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(log_group(groups[i], call.scope.account_id, call.scope.region));
  }
  json::object answer;
  answer["logGroups"] = std::move(list);
  if (count < groups.size()) answer["nextToken"] = make_log_token(groups[count - 1].name);
  co_return json_response(200, json::serialize(answer));
}

}  // namespace proa::api
