// What is wrong with the shape of a request, collected while it is decoded. Private to api/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::api {

/// Lambda reports all violated constraints of a request at once, in one text. A member of a wrong
/// type, or a body that is no JSON, comes before those. A value for the length of one request.
class Problems {
 public:
  /// "Value 'V' at 'member' failed to satisfy constraint: Member must C".
  void violate(std::string_view value, std::string_view member, std::string_view constraint);
  /// "Value null at 'member' failed to satisfy constraint: Member must not be null".
  void missing(std::string_view member);
  /// A violation in words of its own: "Value ... at ... failed to satisfy constraint: ...".
  void add(std::string violation);
  /// The body or a member cannot be read at all; the first one counts.
  void mismatch(std::string text);

  bool empty() const { return violations_.empty() && !mismatch_; }
  const std::optional<std::string>& mismatch_text() const { return mismatch_; }
  /// "N validation error(s) detected: a; b".
  std::string text() const;

 private:
  std::vector<std::string> violations_;
  std::optional<std::string> mismatch_;
};

/// Constraints that many members share; each adds to `problems` when broken.
void check_range(std::int64_t value, std::int64_t least, std::int64_t most, std::string_view member,
                 Problems& problems);
void check_length(std::string_view value, std::size_t most, std::string_view member,
                  Problems& problems);

}  // namespace proa::api
