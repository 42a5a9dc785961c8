// Filter patterns of CloudWatch Logs: which messages a reader wants. A second public header of
// logs/: readers compile a pattern and give LogQuery its matches().
//
// A pattern is one of three kinds, told by its first character: terms (ERROR "not found" ?optional
// -excluded %regex%), a condition on JSON ({ $.status >= 500 && $.path = "/a*" }), or one on the
// fields of a line ([ip, user, status = 4*, ...]). Matching takes time in proportion to the
// message, whatever the pattern. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/
// FilterAndPatternSyntax.html; what differs: docs/reference/api-coverage.md.
#pragma once

#include "base/result.h"

#include <memory>
#include <string_view>

namespace proa::logs {

class Matcher;

/// A compiled pattern: a value, whose copies share what was compiled. Any thread.
class FilterPattern {
 public:
  /// Errc: invalid; the message says what is wrong with the pattern.
  static Result<FilterPattern> compile(std::string_view text);

  /// Whether the pattern takes this message. A newline at its end does not count.
  bool matches(std::string_view message) const;
  /// Whether it takes every message, as an empty pattern does.
  bool is_everything() const { return matcher_ == nullptr; }

 private:
  explicit FilterPattern(std::shared_ptr<const Matcher> matcher) : matcher_(std::move(matcher)) {}
  std::shared_ptr<const Matcher> matcher_;  // shared by copies in flight; null: everything
};

}  // namespace proa::logs
