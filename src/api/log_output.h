// Groups, streams and events as CloudWatch Logs answers them. Private to api/.
#pragma once

#include "logs/logs.h"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>

namespace proa::api {

/// An element of logGroups.
boost::json::object log_group(const logs::GroupSummary& group, const std::string& account_id,
                              const std::string& region);
/// An element of logStreams.
boost::json::object log_stream(const logs::StreamSummary& stream, const logs::GroupKey& group);
/// An element of GetLogEvents' events.
boost::json::object output_log_event(const logs::LogEvent& event);
/// One of FilterLogEvents', with its stream and id.
boost::json::object filtered_log_event(const logs::LogEvent& event);

/// With zeros in front, so that texts are ordered as the numbers are.
std::string padded(std::uint64_t number, std::size_t digits);
/// 56 digits, as AWS's: unique in the group, and in its order.
std::string event_id(const logs::LogEvent& event);

}  // namespace proa::api
