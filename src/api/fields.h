// Typed access to the members of a JSON object in a request. Private to api/.
#pragma once

#include "api/problems.h"
#include "base/result.h"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proa::api {

/// Characters that the description of a function, a version, an alias or a layer may have.
inline constexpr std::size_t kDescriptionMax = 256;

/// Members of one object. An absent or null member is "nothing"; one of a wrong type is nothing and
/// a mismatch in the problems. Object and problems outlive it.
class Fields {
 public:
  Fields(const boost::json::object& object, Problems& problems)
      : object_(object), problems_(problems) {}

  std::optional<std::string> text(std::string_view key) const;
  /// The same without a copy, e.g. for an archive of 50 MB.
  std::optional<std::string_view> view(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  /// An integer within its constraint; nothing also when it is outside, which is then a problem.
  std::optional<std::int64_t> ranged(std::string_view key, std::string_view member,
                                     std::int64_t least, std::int64_t most) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::vector<std::string>> texts(std::string_view key) const;
  std::optional<std::map<std::string, std::string>> map(std::string_view key) const;
  std::optional<Fields> object(std::string_view key) const;
  /// There and not null, "", [], {} or made of such: that it is there means something.
  bool says_something(std::string_view key) const;
  Problems& problems() const { return problems_; }

 private:
  const boost::json::value* find(std::string_view key) const;
  void mismatch(std::string_view key, std::string_view wanted) const;

  const boost::json::object& object_;
  Problems& problems_;
};

/// The object in `body`; an empty body is an empty object. Anything else is a mismatch and gives an
/// empty object.
boost::json::object parse_object(std::string_view body, Problems& problems);

/// A member that nobody would look at is refused, so that a typing error does not pass for a wish.
/// Errc: invalid (names it).
Result<void> check_members(const boost::json::object& body,
                           std::span<const std::string_view> known);

}  // namespace proa::api
