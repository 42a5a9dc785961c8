// A schedule as /proa/v1/schedules takes and gives it. Private to cli/.
#pragma once

#include "base/result.h"
#include "cli/cli.h"

#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace proa::cli {

/// What the words of `proa schedule create` and `update` say; what is not set was not said.
struct ScheduleWords {
  std::optional<std::string> function;
  std::optional<std::string> expression;
  std::optional<std::string> timezone;
  std::optional<std::string> input;       ///< JSON; "": EventBridge's event
  std::optional<std::string> input_file;  ///< the same, in a file
  std::optional<std::string> description;
  std::optional<std::string> start;  ///< "": at once
  std::optional<std::string> end;    ///< "": never
  std::optional<std::string> missed;
};

/// Puts what was said into the body of a request. Errc: invalid (both inputs, a file that cannot
/// be read, an expression or a zone that is none).
Result<void> apply(const ScheduleWords& words, boost::json::object& body);

/// The body that says the same as an answer of the daemon, and its revision: to be changed and sent
/// back.
boost::json::object to_request(const boost::json::value& answer);

/// `proa schedule list` of an array of answers.
std::string schedule_table(const Screen& screen, const boost::json::array& schedules);

/// `proa schedule show`.
std::string schedule_text(const boost::json::value& schedule);

}  // namespace proa::cli
