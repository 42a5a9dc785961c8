// The three kinds of filter patterns as objects. Private to logs/.
#pragma once

#include "base/result.h"

#include <memory>
#include <string_view>

namespace proa::logs {

/// A compiled pattern of one kind. Const, so any thread may use it.
class Matcher {
 public:
  virtual ~Matcher() = default;
  virtual bool matches(std::string_view message) const = 0;
};
/// Shared by the copies of a FilterPattern.
using MatcherPtr = std::shared_ptr<const Matcher>;

/// Words: ERROR "not found" ?a ?b -c %regex%. Null: takes everything. Errc: invalid.
Result<MatcherPtr> compile_terms(std::string_view text);
/// What stands between { and }. Errc: invalid.
Result<MatcherPtr> compile_json_condition(std::string_view text);
/// What stands between [ and ]. Errc: invalid.
Result<MatcherPtr> compile_field_conditions(std::string_view text);

}  // namespace proa::logs
