// The operations of CloudWatch Logs' API that clients read function logs with. Private to api/.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
#pragma once

#include "api/operations.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace proa::api {

/// All of the service's operations; they have no paths of their own but "POST /" with their name in
/// X-Amz-Target.
std::span<const Operation> log_operations();

/// Whether `request` speaks to that service, in AWS's JSON protocol.
bool is_log_request(const http::Request& request);
/// Its operation, as an index of log_operations(); nothing when there is none of that name.
std::optional<std::size_t> find_log_operation(const http::Request& request);

/// The ARN of what a request is about, for the text of a denial: its group, else "*".
std::string log_resource(std::string_view body, const model::Scope& scope);

// One file each.
Task<http::Response> describe_log_groups(Context& context, Call& call);
Task<http::Response> describe_log_streams(Context& context, Call& call);
Task<http::Response> get_log_events(Context& context, Call& call);
Task<http::Response> filter_log_events(Context& context, Call& call);

}  // namespace proa::api
